"""What a client missed while it was away: from the ring, else read again from the broker, else not at all.

A replica that started a moment ago has the last ten minutes in its ring already; reading again is for a ring that was
too small for them, and for a client that heard more elsewhere than was read here yet.
"""

import asyncio
from collections.abc import Callable

from common.bus import BrokerAway, Bus, Delivery, TooFarBack
from common.messages import SignInEnded, message_class
from common.topology import Feed
from gateway.live.hub import RESUMED_SECONDS, Hub
from gateway.live.listener import Listener
from gateway.live.position import Position
from gateway.live.told import Told, Unreadable, told

MOST_READ_AGAIN = 10_000
"""Messages of one stream that are read for one client."""
_READERS = 4


class CannotResume(Exception):
    """What was missed is too old, too much, or cannot be read now."""


class Resuming:
    """Finds what a client missed."""

    def __init__(self, hub: Hub, feeds: list[Feed], now: Callable[[], float]) -> None:
        """
        Args:
            now: Unix seconds.
        """
        self.bus: Bus | None = None
        self._hub = hub
        self._feeds = {feed.stream: feed for feed in feeds}
        self._now = now
        self._reading = asyncio.Semaphore(_READERS)

    async def missed_by(self, listener: Listener, position: Position) -> list[Told]:
        """What a listener that was registered just now missed behind a position, each stream's in order.

        Raises:
            CannotResume: only reading everything again helps.
        """
        hub, head = self._hub, self._hub.head
        if any(map(int.__gt__, position, head)):
            listener.after = position
        streams = range(len(head))
        near = frozenset(each for each in streams if hub.ring.floor[each] <= position[each] <= head[each])
        missed = hub.ring.behind(listener.keys, position, near)
        for stream in sorted(set(streams) - near):
            missed += await self._read_again(listener, stream, position[stream], head[stream])
        return missed

    async def _read_again(self, listener: Listener, stream: int, after: int, head: int) -> list[Told]:
        """From the broker, up to where the hub stood when the listener was registered: the rest comes from the hub."""
        if self.bus is None:
            raise CannotResume
        feed = self._feeds[self._hub.positions.streams[stream]]
        try:
            async with self._reading:
                deliveries = await self.bus.read_back(feed, after, MOST_READ_AGAIN)
        except (BrokerAway, TooFarBack):
            raise CannotResume from None
        if deliveries and deliveries[0].stored_at.timestamp() < self._now() - RESUMED_SECONDS:
            raise CannotResume
        read = [_told(stream, each) for each in deliveries if each.position <= head]
        return [each for each in read if each is not None and not set(listener.keys).isdisjoint(each.keys)]


def _told(stream: int, delivery: Delivery) -> Told | None:
    kind = message_class(delivery.type)
    if kind is None or kind is SignInEnded or kind.audience is None:
        return None
    try:
        return told(kind, kind.audience, stream, delivery)
    except Unreadable:
        return None
