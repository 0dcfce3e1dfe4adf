"""All connections to one service: the way of a request to one of its replicas, and on to another where that is right.

The usual case is a request that finds an idle connection, and costs no task and no timer: `Watch` keeps the deadlines.
"""

import asyncio
import random
from collections.abc import Callable, Sequence

from gateway.upstream.again import Again
from gateway.upstream.breaker import Breaker
from gateway.upstream.budget import Budget
from gateway.upstream.connection import Connection
from gateway.upstream.failures import Cause, Failure, Unreachable
from gateway.upstream.hedging import Hedging, Outrun, Race
from gateway.upstream.places import Places
from gateway.upstream.replica import Replica
from gateway.upstream.replicas import Replicas
from gateway.upstream.request import Exchange, Request, Upload
from gateway.upstream.retrying import RETRY_ANSWERS
from gateway.upstream.standing import BAD
from gateway.upstream.watch import Watch

RETRY_SHARE = 0.2
LEAST_RETRIES = 3


class Pool:
    """All connections to one service."""

    def __init__(
        self,
        service: str,
        urls: Sequence[str],
        *,
        most: int = 256,
        queue: int = 1024,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            most: requests under way at one replica, and so connections to it.
            queue: requests that may wait for a place; further ones are refused at once.
            chance: draws evenly from 0 to 1, for what must not happen in step.
        """
        self.service = service
        self.loop = asyncio.get_running_loop()
        """Kept, because asking for it costs a system call each time."""
        self.replicas = Replicas(urls, chance)
        self.breaker = Breaker()
        self.budget = Budget(RETRY_SHARE, LEAST_RETRIES)
        self.hedging = Hedging()
        self.again = Again(self)
        self.turned_away = 0
        """Requests refused because all places were taken."""
        self.chance = chance
        self.places = Places(self.replicas, most, queue)
        self._watch = Watch(self)

    @property
    def taken(self) -> int:
        """Requests under way."""
        return self.places.taken

    async def begin(self, request: Request, deadline: float) -> Exchange:
        """Send a request and wait for the head of its answer, until the event loop's time is `deadline`.

        Raises:
            Unreachable: nothing was sent.
            ConnectionBroken, AnswerMalformed, OutOfTime: it was sent, and what became of it is unknown.
        """
        if self.breaker.open_until is not None and not request.insists:
            raise Unreachable(self.service)
        self.budget.asked += 1
        self._watch.wake(self.loop)
        replica = self.places.take() or await self._queue(deadline)
        try:
            if request.hedge is None:
                exchange = await self.attempt(request, replica, deadline)
            else:
                exchange = await self.hedging.attempt(self, request, replica, deadline)
        except Failure as failure:
            return await self.again.elsewhere(request, deadline, replica, failure)
        if exchange.connection.status in RETRY_ANSWERS:
            return await self.again.instead_of(exchange, request, deadline)
        return exchange

    async def attempt(
        self, request: Request, replica: Replica, deadline: float, *, fresh: bool = False, race: Race | None = None
    ) -> Exchange:
        """One attempt at a replica whose place was taken; the place is given back when it fails.

        Raises:
            Failure: as it went; the replica's standing knows of it.
            Outrun: the other attempt of `race` has answered.
        """
        now = self.loop.time()
        connection = None if fresh else replica.take(now)
        used_before, answered_before, uploading = connection is not None, replica.answered, None
        try:
            if connection is None:
                connection = await replica.connect(deadline - now)
            if race is not None:
                race.connection = connection
                if race.won:
                    raise Outrun
            head = connection.send(
                request.method, request.data_within(deadline - now), deadline, now, whole=request.upload is None
            )
            connection.movable = request.upload is None and request.safe
            if request.upload is not None:
                uploading = _start_upload(request.upload, connection)
            await head
        except BaseException as reason:
            if uploading is not None:
                uploading.cancel()
            self._abandon(replica, connection, reason, answered_before, used_before=used_before)
            raise
        replica.answered += 1
        if self.breaker.failures:
            self.breaker.succeeded()
        if connection.parting:
            self.replicas.put_aside(replica, now)  # it is about to end: what came after might find nobody there
        if connection.status in BAD or replica.standing.troubled:
            self._judge(replica, connection.status, now)
        return Exchange(connection, replica, uploading)

    def finish(self, exchange: Exchange) -> None:
        """Give the connection back; it is kept only when the exchange ended cleanly."""
        connection, replica = exchange.connection, exchange.replica
        if exchange.uploading is not None and not exchange.uploading.done():
            exchange.uploading.cancel()
        if connection.reusable:
            replica.keep(connection, self.loop.time())
        else:
            if connection.broken:
                self.blame(replica, Cause.CUT)
            connection.close()
        self.places.leave(replica)

    def _judge(self, replica: Replica, status: int, now: float) -> None:
        if status in BAD:
            replica.standing.bad(now)
            self.replicas.weigh(replica, now)
        else:
            replica.standing.good()

    def blame(self, replica: Replica, cause: Cause) -> None:
        """Hold a failure against a replica, and against the service."""
        now = self.loop.time()
        replica.standing.failed(cause)
        self.replicas.weigh(replica, now)
        if cause is not Cause.CLOSED and all(each.standing.failures for each in self.replicas.asked):
            self.breaker.failed(now, self.chance())

    def close(self) -> None:
        """Close what is idle, when the process ends."""
        self._watch.stop()
        for replica in self.replicas.all:
            replica.drop_idle()

    def make_room(self) -> None:
        """Let in who waits, when a replica has come back."""
        self.places.fill()

    def another(self, but: Replica) -> Replica | None:
        """A place at another replica, if one is free."""
        return self.places.take((but,))

    def leave(self, replica: Replica) -> None:
        """Give a place back that was not used."""
        self.places.leave(replica)

    def give_up(self, exchange: Exchange) -> None:
        """Drop an answer that nobody needs any more."""
        if exchange.connection.whole_length is not None:
            exchange.connection.take()
        self.finish(exchange)

    async def _queue(self, deadline: float) -> Replica:
        replica = await self.places.wait(deadline)
        if replica is None:
            self.turned_away += 1
            raise Unreachable(self.service)
        return replica

    def _abandon(
        self,
        replica: Replica,
        connection: Connection | None,
        reason: BaseException,
        answered_before: int,
        *,
        used_before: bool,
    ) -> None:
        """End an attempt that failed, and say whose fault it was, where it was anybody's."""
        if isinstance(reason, Failure):
            if reason.cause is Cause.BROKEN and connection is not None:
                heard = connection.heard
                reason.cause = Cause.CUT if heard else Cause.CLOSED if used_before else Cause.BROKEN
            self.blame(replica, reason.cause)
            if reason.cause is Cause.LATE and replica.answered == answered_before:
                replica.drop_idle()  # a link that swallows bytes swallows those of its other connections, too
        if connection is not None:
            connection.close()
        self.places.leave(replica)


def _start_upload(upload: Upload, connection: Connection) -> asyncio.Task[None]:
    """Whatever ends an upload early ends the exchange, so that the one waiting for the answer learns of it."""

    def ended(task: asyncio.Task[None]) -> None:
        reason = None if task.cancelled() else task.exception()
        if isinstance(reason, Exception) and not isinstance(reason, Failure):
            connection.fail(reason)

    uploading = asyncio.create_task(upload(connection))
    uploading.add_done_callback(ended)
    return uploading
