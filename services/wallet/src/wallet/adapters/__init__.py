"""The outside: Google."""
