"""One look at all exchanges of a service every few milliseconds, instead of a timer for each of them.

It ends those whose deadline has passed, notices replicas that have fallen silent, and tries those that were put aside
and services taken for away. It looks only while there is something to look at.
"""

import asyncio
from typing import TYPE_CHECKING

from gateway.upstream.failures import Cause, Failure, OutOfTime, ReplicaSilent

if TYPE_CHECKING:
    from gateway.upstream.pool import Pool
    from gateway.upstream.replica import Replica

LOOK_SECONDS = 0.02
SELDOM_SECONDS = 0.1
"""When nothing is under way, and only somebody's return is awaited."""
SILENT_SECONDS = 0.5
"""Without a byte from a replica while requests wait there, it is asked whether it is alive."""
ASK_AGAIN_SECONDS = 1.0
TRIAL_SECONDS = 0.7
EASE_SECONDS = 1.0
"""How often the handicap of a slow replica is halved."""
ALIVE_BELOW = 500


class Watch:
    """Looks after one pool."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._next: asyncio.TimerHandle | None = None
        self._trials: set[asyncio.Task[None]] = set()

    def wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look, unless that goes on already."""
        if self._next is None:
            self._next = loop.call_later(LOOK_SECONDS, self._look, loop)

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        for trial in self._trials:
            trial.cancel()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        pool, now = self._pool, loop.time()
        pool.budget.note(now)
        pool.hedging.budget.note(now)
        for replica in pool.replicas.all:
            oldest = _end_what_is_late(replica, now)
            replica.drop_old(now)
            self._consider(replica, now, oldest)
        breaker = pool.breaker
        if breaker.open_until is not None and now >= breaker.open_until:
            breaker.stay_open(now, pool.chance())
            for replica in pool.replicas.asked:
                self._try(replica)
        self._next = None
        if pool.taken:
            self._next = loop.call_later(LOOK_SECONDS, self._look, loop)
        elif breaker.open_until is not None or len(pool.replicas.asked) < len(pool.replicas.all):
            self._next = loop.call_later(SELDOM_SECONDS, self._look, loop)

    def _consider(self, replica: "Replica", now: float, oldest: float) -> None:
        """Whether a replica has to be asked if it is alive.

        Args:
            oldest: when the request was sent that has waited longest for its first byte.
        """
        if replica.answered != replica.seen:
            replica.seen = replica.answered
            replica.heard_at = now
        if replica.handicap and now - replica.eased_at > EASE_SECONDS:
            replica.eased_at = now
            replica.handicap //= 2
        aside_until = replica.standing.aside_until
        if aside_until is not None:
            suspicious = now >= aside_until
        else:
            silent = now - max(oldest, replica.heard_at) > SILENT_SECONDS and len(self._pool.replicas.asked) > 1
            suspicious = silent and now - replica.asked_after_at > ASK_AGAIN_SECONDS
        if suspicious:
            self._try(replica)

    def _try(self, replica: "Replica") -> None:
        if not replica.trying:
            replica.trying = True
            trial = asyncio.create_task(self._trial(replica))
            self._trials.add(trial)
            trial.add_done_callback(self._trials.discard)

    async def _trial(self, replica: "Replica") -> None:
        """Ask a replica whether it is ready, and draw the consequences."""
        pool, loop = self._pool, asyncio.get_running_loop()
        try:
            alive = await _is_alive(replica, pool.service)
        finally:
            replica.trying = False
        now = replica.asked_after_at = loop.time()
        aside = replica.standing.aside_until is not None
        if alive:
            replica.heard_at = now
            pool.breaker.succeeded()
            if aside:
                pool.replicas.bring_back(replica, now)
                pool.make_room()
        elif aside:
            pool.replicas.keep_aside(replica, now)
        elif pool.breaker.open_until is None:
            pool.blame(replica, Cause.SILENT)
            if replica.standing.aside_until is not None:
                self._move_away(replica, now)

    def _move_away(self, replica: "Replica", now: float) -> None:
        """End the attempts at a hanging replica that may be made elsewhere, as far as the budget goes: `Pool` makes
        them. The others wait on, for as long as they were granted."""
        for connection in list(replica.open):
            if connection.movable and connection.waiting and not connection.heard:
                if not self._pool.budget.grants(now):
                    return
                connection.fail(ReplicaSilent())


def _end_what_is_late(replica: "Replica", now: float) -> float:
    """End the exchanges whose time has passed; when the one was sent that has waited longest, or `now`."""
    oldest = now
    late = None
    for connection in replica.open:
        if connection.waiting:
            if connection.deadline <= now:
                late = [connection] if late is None else [*late, connection]
            elif not connection.heard and connection.sent_at < oldest:
                oldest = connection.sent_at
    for connection in late or ():
        connection.fail(OutOfTime())
    return oldest


async def _is_alive(replica: "Replica", service: str) -> bool:
    """Whether a replica takes a connection and answers `/readyz` on it in time, with anything but a server error."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(TRIAL_SECONDS):
            connection = await replica.connect(TRIAL_SECONDS)
            try:
                now = loop.time()
                question = b"GET /readyz HTTP/1.1\r\nhost: %b\r\nconnection: close\r\n\r\n" % service.encode()
                await connection.send("GET", question, now + TRIAL_SECONDS, now, whole=True)
                return connection.status < ALIVE_BELOW
            finally:
                connection.close()
    except (Failure, TimeoutError):
        return False
