"""The places at a service's replicas, and the queue of those who wait for one."""

import asyncio
from collections import deque
from collections.abc import Collection

from gateway.upstream.replica import Replica
from gateway.upstream.replicas import Replicas

QUEUE_SHARE = 0.5
"""Of the time a request has: when a sale begins, a thousand people rather wait some seconds than hear that nobody is there.
What is left must do for the answer."""


class Places:
    """A place is one request under way at one replica."""

    def __init__(self, replicas: Replicas, most: int, queue: int) -> None:
        self._replicas = replicas
        self.most = most
        """Requests under way at one replica, and so connections to it."""
        self.queue = queue
        """Requests that may wait."""
        self._waiting: deque[asyncio.Future[Replica]] = deque()

    @property
    def taken(self) -> int:
        """Places that are taken."""
        return sum(replica.under_way for replica in self._replicas.all)

    @property
    def waiting(self) -> int:
        """Requests that wait for one."""
        return sum(not place.done() for place in self._waiting)

    def take(self, but: Collection[Replica] = ()) -> Replica | None:
        """A place at the replica to be asked next, if one is free."""
        replica = self._replicas.next(self.most, but)
        if replica is not None:
            replica.under_way += 1
        return replica

    async def wait(self, deadline: float) -> Replica | None:
        """The next place that becomes free; None at once when too many wait already, or when it takes too long."""
        if self.waiting >= self.queue:
            return None
        loop = asyncio.get_running_loop()
        place: asyncio.Future[Replica] = loop.create_future()
        self._waiting.append(place)
        granted = None
        try:
            async with asyncio.timeout((deadline - loop.time()) * QUEUE_SHARE):
                granted = await place
        except TimeoutError:
            return None
        finally:
            if granted is None and not place.cancel() and not place.cancelled():
                self.leave(place.result())  # it was granted in the very moment of giving up
        return granted

    def leave(self, replica: Replica) -> None:
        """Give a place back."""
        replica.under_way -= 1
        if self._waiting:
            self.fill()

    def fill(self) -> None:
        """Give the places that are free to those who wait longest."""
        while self._waiting:
            if self._waiting[0].done():
                self._waiting.popleft()
                continue
            replica = self.take()
            if replica is None:
                return
            self._waiting.popleft().set_result(replica)
