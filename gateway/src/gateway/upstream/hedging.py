"""Asking a second replica when the first takes unusually long, where a route wants that (Dean and Barroso, The Tail at Scale).

What is usual is learnt for each route from its own answers. Whoever answers first wins, and the other connection is
closed. A replica that was outrun is asked less for a while, so that a limping one does not use up the budget.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from gateway.upstream.budget import Budget
from gateway.upstream.failures import Failure

if TYPE_CHECKING:
    from gateway.upstream.connection import Connection
    from gateway.upstream.pool import Pool
    from gateway.upstream.replica import Replica
    from gateway.upstream.request import Exchange, Request

SHARE = 0.04
"""Further requests for each request: under a twentieth, whatever happens."""
REMEMBERED = 64
LEARN_EVERY = 16
UNUSUAL = 4
"""Times the median. A high quantile would do worse: the tail that is to be cut would raise it."""
LEAST_SECONDS = 0.005
MOST_HANDICAP = 32


class Outrun(Exception):
    """The other attempt has answered first."""


class Usual:
    """How long a route's answers take, as far as the latest tell."""

    __slots__ = ("_seconds", "_since", "delay")

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)
        self._since = 0
        self.delay: float | None = None
        """Seconds after which an answer is unusually late; None while too little is known."""

    def learn(self, seconds: float) -> None:
        """One answer took so long."""
        self._seconds.append(seconds)
        self._since += 1
        if self._since == LEARN_EVERY:
            self._since = 0
            self.delay = max(UNUSUAL * sorted(self._seconds)[len(self._seconds) // 2], LEAST_SECONDS)


class Race:
    """A request at a first replica, and perhaps at a second."""

    __slots__ = ("connection", "over", "place", "second", "won")

    def __init__(self) -> None:
        self.connection: Connection | None = None
        """The first attempt's, once the request is sent."""
        self.place: Replica | None = None
        """The second attempt's, until it begins."""
        self.second: asyncio.Task[Exchange] | None = None
        self.won = False
        """Whether the second has answered first."""
        self.over = False
        """Whether the first attempt has ended, one way or the other."""


class Hedging:
    """The second attempts of one service."""

    def __init__(self) -> None:
        self.budget = Budget(SHARE, 1)
        self.sent = 0
        """Second attempts made."""
        self.won = 0
        """Those that answered first."""
        self._usual: dict[str, Usual] = {}

    async def attempt(self, pool: "Pool", request: "Request", replica: "Replica", deadline: float) -> "Exchange":
        """As `Pool.attempt`, of which there may be two."""
        usual = self._usual.setdefault(request.hedge or "", Usual())
        self.budget.asked += 1
        loop = asyncio.get_running_loop()
        began = loop.time()
        if usual.delay is None:
            exchange = await pool.attempt(request, replica, deadline)
        else:
            race = Race()
            timer = loop.call_later(usual.delay, self._send_second, pool, request, replica, deadline, race)
            try:
                exchange = await _run(pool, request, replica, deadline, race)
            finally:
                timer.cancel()
        usual.learn(loop.time() - began)
        return exchange

    def _send_second(self, pool: "Pool", request: "Request", replica: "Replica", deadline: float, race: Race) -> None:
        """The first takes long: ask another, where one is free and the budget bears it."""
        other = pool.another(replica)
        if other is None:
            return
        if not self.budget.grants(asyncio.get_running_loop().time()):
            pool.leave(other)
            return
        self.sent += 1
        race.place = other
        race.second = asyncio.create_task(_second(pool, request, deadline, race))
        race.second.add_done_callback(lambda second: self._decide(pool, replica, race, second))

    def _decide(self, pool: "Pool", replica: "Replica", race: Race, second: "asyncio.Task[Exchange]") -> None:
        """The second attempt has ended."""
        if race.place is not None:
            pool.leave(race.place)  # it was cancelled before it began
        if second.cancelled() or second.exception() is not None or race.over:
            return
        first = race.connection
        if second.result().connection.status >= 500 or (first is not None and not first.waiting):
            race.second = None
            pool.give_up(second.result())
            return
        self.won += 1
        race.won = True
        replica.handicap = min(2 * replica.handicap + 2, MOST_HANDICAP)
        if first is not None:
            first.fail(Outrun())


async def _run(pool: "Pool", request: "Request", replica: "Replica", deadline: float, race: Race) -> "Exchange":
    """The first attempt, or the second where that answers first or the first fails."""
    try:
        exchange = await pool.attempt(request, replica, deadline, race=race)
    except (Failure, Outrun):
        race.over = True
        if race.second is None:
            raise
        return await race.second
    except BaseException:
        race.over = True
        _drop(pool, race.second)
        raise
    race.over = True
    _drop(pool, race.second)
    return exchange


async def _second(pool: "Pool", request: "Request", deadline: float, race: Race) -> "Exchange":
    replica, race.place = race.place, None
    assert replica is not None
    return await pool.attempt(request, replica, deadline)


def _drop(pool: "Pool", second: "asyncio.Task[Exchange] | None") -> None:
    """End the second attempt; what it has brought in the meantime goes nowhere."""
    if second is not None and not second.cancel() and not second.cancelled() and second.exception() is None:
        pool.give_up(second.result())
