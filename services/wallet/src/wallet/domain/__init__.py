"""The rules of wallet passes, without any input or output."""
