"""What the gateway tells of itself: facts in words, each with how it is to be taken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.upstream import Pool

Mood = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the gateway."""

    name: str
    mood: Mood
    words: str


@dataclass(frozen=True, slots=True)
class Road:
    """How the gateway reaches one service."""

    open: bool
    """Whether it is asked at all, or taken for away after failing in a row."""
    replicas: int
    asked: int
    """Of them, those that are not put aside."""
    under_way: int


@dataclass(frozen=True, slots=True)
class Doorway:
    """The gateway's own state; each part is asked when someone looks."""

    accepting: Callable[[], bool]
    keys_known: Callable[[], bool]
    leased: Callable[[], bool]
    hears_drops: Callable[[], bool]
    policies_heard: Callable[[], bool]
    counts_shared: Callable[[], bool | None]
    """Whether limits are counted with the other gateways; None where each counts by itself by intention."""
    under_way: Callable[[], int]
    pools: Mapping[str, Pool]

    def facts(self) -> tuple[Fact, ...]:
        """The lines of the page, in order."""
        return (
            _fact("Requests", self.accepting(), "accepted", "no new ones: this gateway is leaving", "bad"),
            _fact(
                "Keys of access tokens", self.keys_known(), "known", "none known yet: nobody can sign in here", "bad"
            ),
            _fact("Sign-ins", self.leased(), "remembered", "looked up one by one: slower, and safe", "warn"),
            _fact("News of revoked sign-ins", self.hears_drops(), "heard at once", "heard within a second", "warn"),
            _fact("Client policy", self.policies_heard(), "known", "not heard yet: every app version passes", "warn"),
            _counting(self.counts_shared()),
        )

    def road(self, service: str) -> Road:
        """How a service is reached."""
        pool = self.pools[service]
        return Road(
            open=pool.breaker.open_until is None,
            replicas=len(pool.replicas.all),
            asked=len(pool.replicas.asked),
            under_way=pool.taken,
        )


def _fact(name: str, holds: bool, so: str, otherwise: str, then: Mood) -> Fact:
    return Fact(name, "good", so) if holds else Fact(name, then, otherwise)


def _counting(shared: bool | None) -> Fact:
    if shared is None:
        return Fact("Rate limits", "good", "counted by this gateway")
    return _fact("Rate limits", shared, "counted with all gateways", "counted by this gateway for now", "warn")
