"""One task that looks after all streams: signs of life, ended sign-ins, run-out tokens, clients that left, our own leaving.

A wheel of slots, one turn in 15 seconds: each stream sits in one slot, is pinged once a turn and looked at twice a second.
So two thousand quiet streams cost no timers, and no tick has to look at all of them.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from gateway.auth import Door
from gateway.live.endings import DRAINING
from gateway.live.hub import Hub
from gateway.live.listener import Listener

TICK_SECONDS = 0.1
SLOTS = 150
_LOOKED_AT_EVERY = 5
"""Ticks between two looks at one stream."""
RECHECK_SECONDS = 1.0
"""Between two questions about one stream, when the cache cannot vouch for it: the lease is away."""


class Leaving(Protocol):
    """Whoever knows whether this process is about to end."""

    draining: bool


class Wheel:
    """Who sits where."""

    def __init__(self) -> None:
        self._slots: list[set[Listener]] = [set() for _ in range(SLOTS)]
        self._next = 0
        self.count = 0

    def add(self, listener: Listener) -> None:
        """Give it a seat; streams that begin together are pinged apart."""
        listener.slot = self._next
        self._next = (self._next + 7) % SLOTS
        self._slots[listener.slot].add(listener)
        self.count += 1

    def remove(self, listener: Listener) -> None:
        """It has left."""
        self._slots[listener.slot].discard(listener)
        self.count -= 1

    def in_slot(self, tick: int) -> list[Listener]:
        """Whose turn a tick is."""
        return list(self._slots[tick % SLOTS])

    def to_look_at(self, tick: int) -> Iterator[Listener]:
        """A fifth of all, another one each tick."""
        for slot in range(tick % _LOOKED_AT_EVERY, SLOTS, _LOOKED_AT_EVERY):
            yield from list(self._slots[slot])


class Keeper:
    """Turns the wheel."""

    def __init__(self, wheel: Wheel, hub: Hub, door: Door, state: Leaving, now: Callable[[], float]) -> None:
        """
        Args:
            now: Unix seconds.
        """
        self._wheel = wheel
        self._hub = hub
        self._door = door
        self._state = state
        self._now = now

    async def keep(self) -> None:
        """Turn for ever, in time with the loop's clock."""
        loop = asyncio.get_running_loop()
        tick, due = 0, loop.time()
        while True:
            self._turn(tick, loop.time())
            tick += 1
            due = max(due + TICK_SECONDS, loop.time() - 1)
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _turn(self, tick: int, monotonic: float) -> None:
        for listener in self._wheel.to_look_at(tick):
            self._look_at(listener, monotonic)
        for listener in self._wheel.in_slot(tick):
            listener.ping()
        if tick % SLOTS == 0:
            self._hub.ring.forget(self._now())

    def _look_at(self, listener: Listener, monotonic: float) -> None:
        wire = listener.exchange.wire
        if wire.closing:
            listener.wake()
        elif listener.ending is not None or listener.due:
            if wire.blocked:
                wire.abort()  # it had half a second to read on; nobody may be told now, and nothing can be said to it
        elif self._state.draining:
            listener.end(DRAINING)
        elif monotonic - listener.checked_at >= RECHECK_SECONDS and self._door.vouches(listener.authorization) is None:
            listener.recheck()
