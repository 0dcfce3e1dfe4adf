"""The outside: payment providers."""
