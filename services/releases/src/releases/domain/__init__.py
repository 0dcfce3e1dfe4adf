"""The rules of what shipped where. No I/O, no clock, no chance."""
