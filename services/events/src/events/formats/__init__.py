"""Bytes that leave the house: the code a pass carries."""
