"""Health of the whole: every service's own `/readyz`, asked side by side, at most one round a second however many want to know.

Told to everyone, so only states and counts pass: each is read out of what a service says, and its words stay behind.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.upstream import AnswerMalformed, ConnectionBroken, OutOfTime, Pool, Unreachable
from gateway.upstream.call import call

ASK_SECONDS: Final = 1.0
"""A service that has not answered by then is away."""
FRESH_SECONDS: Final = 1.0
BELIEVED_SECONDS: Final = 15.0
"""How long the last round says whether the gateway is of any use."""
MOST: Final = 50
"""Dependencies and consumers told of one service."""
LARGEST: Final = 2**53 - 1
"""A figure beyond it is none: whoever reads JSON in a browser could not tell it from its neighbours (RFC 8259 section 6)."""
AWAY: Final = "away"

_STATES = ("ready", "degraded", "unready")
_WORKS = ("ok", "late", AWAY)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """What one service says of itself. Figures are None where it could not tell."""

    status: str
    dependencies: Mapping[str, str] = field(default_factory=dict)
    outbox_oldest_unsent_seconds: float | None = None
    outbox_set_aside: int | None = None
    dead_letters: int | None = None
    consumer_lag: Mapping[str, int] | None = None
    drift: int | None = None
    """In how many places the broker differs from what is declared."""

    def told(self) -> Json:
        """As JSON; what is not known is left out."""
        if self.status == AWAY:
            return {"status": AWAY}
        figures = {
            "outboxOldestUnsentSeconds": self.outbox_oldest_unsent_seconds,
            "outboxSetAside": self.outbox_set_aside,
            "deadLetters": self.dead_letters,
            "consumerLag": None if self.consumer_lag is None else dict(self.consumer_lag),
            "drift": self.drift,
        }
        dependencies = {name: {"status": status} for name, status in self.dependencies.items()}
        known = {name: value for name, value in figures.items() if value is not None}
        return {"status": self.status, "dependencies": dependencies} | known


@dataclass(frozen=True, slots=True)
class Round:
    """What every service said in one round of questions."""

    services: Mapping[str, ServiceHealth]

    @property
    def status(self) -> str:
        """`ready` only when every service is."""
        return "ready" if all(health.status == "ready" for health in self.services.values()) else "degraded"

    @property
    def anyone(self) -> bool:
        """Whether some service answers and can do its work."""
        return any(health.status in ("ready", "degraded") for health in self.services.values())


class Health:
    """Asks the services, and remembers the last round."""

    def __init__(self, pools: Mapping[str, Pool], monotonic: Callable[[], float]) -> None:
        self._pools = pools
        self._monotonic = monotonic
        self._began_at = float("-inf")
        self._ended_at = float("-inf")
        self._asking: asyncio.Task[Round] | None = None
        self.last: Round | None = None

    async def look(self) -> Round:
        """The state of every service, no older than a second and never longer awaited than that.

        Whoever asks while a round is under way gets its result.
        """
        if self._asking is None:
            if self.last is not None and self._monotonic() - self._began_at < FRESH_SECONDS:
                return self.last
            self._began_at = self._monotonic()
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    @property
    def anyone(self) -> bool:
        """Whether some service could do its work in the last round. Unknown counts as yes: before a round, and long after."""
        if self.last is None or self._monotonic() - self._ended_at > BELIEVED_SECONDS:
            return True
        return self.last.anyone

    async def _ask(self) -> Round:
        try:
            answers = await asyncio.gather(*(_readiness(pool) for pool in self._pools.values()))
            self.last, self._ended_at = Round(dict(zip(self._pools, answers, strict=True))), self._monotonic()
            return self.last
        finally:
            self._asking = None


async def _readiness(pool: Pool) -> ServiceHealth:
    try:
        answer = await call(pool, "GET", "/readyz", b"", ASK_SECONDS)
        return read_readiness(json.loads(answer.body))
    except (Unreachable, ConnectionBroken, AnswerMalformed, OutOfTime, ValueError, RecursionError):
        return ServiceHealth(AWAY)


def read_readiness(told: object) -> ServiceHealth:
    """What may be told of a service's `/readyz`. One that says nothing of use is `away`."""
    if not isinstance(told, dict) or told.get("status") not in _STATES:
        return ServiceHealth(AWAY)
    drift, lag = told.get("drift"), told.get("consumerLag")
    return ServiceHealth(
        status=told["status"],
        dependencies=_dependencies(told.get("dependencies")),
        outbox_oldest_unsent_seconds=_seconds(told.get("outboxOldestUnsentSeconds")),
        outbox_set_aside=_count(told.get("outboxSetAside")),
        dead_letters=_count(told.get("deadLetters")),
        consumer_lag=_counts(lag) if isinstance(lag, dict) else None,
        drift=len(drift) if isinstance(drift, list) else None,
    )


def _dependencies(told: object) -> dict[str, str]:
    if not isinstance(told, dict):
        return {}
    states = {_name(name): each.get("status") for name, each in list(told.items())[:MOST] if isinstance(each, dict)}
    return {name: status for name, status in states.items() if status in _WORKS}


def _counts(told: dict[str, object]) -> dict[str, int]:
    counts = {_name(name): _count(value) for name, value in list(told.items())[:MOST]}
    return {name: count for name, count in counts.items() if count is not None}


def _name(name: object) -> str:
    """What can be written down: JSON may name half a character, which no page can hold."""
    return str(name)[:60].encode("utf-8", "replace").decode()


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST else None


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        return None
    return round(float(value), 1)
