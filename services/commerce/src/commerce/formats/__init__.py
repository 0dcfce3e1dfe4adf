"""Bytes that leave the house: pure work, no I/O."""
