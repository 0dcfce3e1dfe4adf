"""Bytes that leave the house."""
