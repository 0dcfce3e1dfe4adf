"""Bytes and bodies that leave the house, pure work with a library."""
