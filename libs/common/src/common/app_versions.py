"""What the version of an installed app is worth: versions as stores count them, and the rule of the client policy.

Identical in two places or wrong: what releases tells an app when it asks, and what the gateway lets through.
"""

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Literal, Protocol

Standing = Literal["ok", "recommended", "required", "blocked"]

_NUMBERS = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,3})(?:[-+ (].{0,80})?", re.IGNORECASE | re.ASCII)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """What of a version is compared: number by number, so that 2.10 is above 2.9. `2.10` and `2.10.0` are the same; what
    follows the numbers is not looked at."""

    numbers: tuple[int, ...]

    def __lt__(self, other: "Version") -> bool:
        return self.numbers < other.numbers


class Demands(Protocol):
    """What a platform's policy asks of its apps. Its versions were checked before it was kept.

    `latest` is the newest version in the store; `minimum_build` refines `minimum`.
    """

    @property
    def minimum(self) -> str | None: ...  # noqa: D102 - told above
    @property
    def minimum_build(self) -> int | None: ...  # noqa: D102
    @property
    def latest(self) -> str | None: ...  # noqa: D102
    @property
    def blocked(self) -> tuple[str, ...]: ...  # noqa: D102


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


def standing(policy: Demands, version: str | None, build: str | None) -> Standing:
    """What an app of that version is told. One whose version nobody can read is asked to update, never locked out."""
    installed = version_of(version) if version is not None else None
    if installed is None:
        return "recommended"
    if installed in map(_known, policy.blocked):
        return "blocked"
    if policy.minimum is not None and _below_minimum(policy, installed, _known(policy.minimum), build_of(build)):
        return "required"
    if policy.latest is not None and installed < _known(policy.latest):
        return "recommended"
    return "ok"


def _below_minimum(policy: Demands, installed: Version, minimum: Version, build: int | None) -> bool:
    if installed != minimum:
        return installed < minimum
    return build is not None and policy.minimum_build is not None and build < policy.minimum_build


def _known(text: str) -> Version:
    version = version_of(text)
    assert version is not None, "a policy is checked before it is kept"
    return version
