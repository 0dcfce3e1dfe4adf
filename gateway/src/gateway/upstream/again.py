"""Sending a request a second time: `retrying` says when, this does it, and counts."""

from collections import Counter
from typing import TYPE_CHECKING

from gateway.upstream.failures import NOTHING_SENT, Cause, Failure
from gateway.upstream.replica import Replica
from gateway.upstream.request import Exchange, Request
from gateway.upstream.retrying import obstacle

if TYPE_CHECKING:
    from gateway.upstream.pool import Pool

_GRANTED = NOTHING_SENT | {Cause.SILENT}
"""What is no further load, or was granted when the attempt was ended."""


class Again:
    """Second tries of one service's requests."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.sent: Counter[Cause] = Counter()
        """Requests sent again, by what became of the first."""
        self.not_sent: Counter[str] = Counter()
        """Requests not sent again though they failed, by what was in the way."""

    async def elsewhere(self, request: Request, deadline: float, replica: Replica, failure: Failure) -> Exchange:
        """Send the request again as long as it may be, else let the failure be known."""
        pool, tried, copied = self._pool, {replica}, False
        while True:
            other = self._next_after(failure.cause, request, deadline, tried, copied=copied)
            if other is None:
                raise failure
            copied = copied or failure.cause not in NOTHING_SENT
            tried.add(other)
            try:
                return await pool.attempt(request, other, deadline, fresh=True)
            except Failure as reason:
                failure = reason

    async def instead_of(self, exchange: Exchange, request: Request, deadline: float) -> Exchange:
        """Another answer instead of one that says that something is away, where there is one to be had; else that one."""
        pool, tried = self._pool, {exchange.replica}
        invited = all(name != b"retry-after" for name, _ in exchange.connection.headers)
        other = self._next_after(Cause.BAD_ANSWER, request, deadline, tried, invited=invited)
        if other is None:
            return exchange
        try:
            second = await pool.attempt(request, other, deadline)
        except Failure:
            return exchange
        except BaseException:
            pool.give_up(exchange)
            raise
        pool.give_up(exchange)
        return second

    def _next_after(
        self,
        cause: Cause,
        request: Request,
        deadline: float,
        tried: set[Replica],
        *,
        copied: bool = False,
        invited: bool = True,
    ) -> Replica | None:
        """A place at the replica that gets the request next, or None. What stands in the way is counted."""
        pool, now = self._pool, self._pool.loop.time()
        other = pool.places.take(tried)
        why_not = obstacle(
            request,
            cause,
            elsewhere=other is not None,
            copied=copied,
            seconds_left=deadline - now,
            invited=invited,
        )
        if why_not is None and cause not in _GRANTED and not pool.budget.grants(now):
            why_not = "budget"
        if why_not is None and other is None:
            other = pool.places.take()
        if why_not is None and other is not None:
            self.sent[cause] += 1
            return other
        if other is not None:
            pool.places.leave(other)
        self.not_sent[why_not or "nowhere"] += 1
        return None
