"""A mail address as typed, and the key under which it is one person's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """`typed` is where mail goes; `key` is unique among people. Dots and `+tags` are part of both."""

    typed: str
    key: str

    @property
    def is_plain(self) -> bool:
        """Whether it holds ASCII alone, as typed: no look-alike letter can hide in it."""
        return self.typed.isascii()
