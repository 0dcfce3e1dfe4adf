"""Versions as stores count them: numbers joined by dots, compared number by number, so that 2.10 is above 2.9."""

import re
from dataclasses import dataclass
from functools import total_ordering

_NUMBERS = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,3})(?:[-+ (].{0,80})?", re.IGNORECASE | re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """What of a version is compared. `2.10` and `2.10.0` are the same; what follows the numbers is not looked at."""

    numbers: tuple[int, ...]

    def __lt__(self, other: "Version") -> bool:
        return self.numbers < other.numbers


def version_of(text: str) -> Version | None:
    """The version a text stands for; None when it is none."""
    match = _NUMBERS.fullmatch(text.strip())
    if match is None:
        return None
    numbers = [int(part) for part in match[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return Version(tuple(numbers))


def build_of(text: str | None) -> int | None:
    """A build number; None when there is none or it is not a number."""
    return int(text) if text is not None and re.fullmatch(r"\d{1,18}", text, re.ASCII) else None
