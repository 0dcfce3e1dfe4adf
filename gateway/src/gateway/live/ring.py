"""What was told in the last ten minutes, in memory, so that resuming after a moment's absence asks nobody.

Bounded by time and by bytes. `floor` says for each stream how far back it reaches: a client that has heard at least that
much can be told the rest from here.
"""

from collections import deque
from collections.abc import Iterable

from gateway.live.position import Position
from gateway.live.told import Told

_OVERHEAD = 600
"""Bytes that keeping a message costs beside its frame, generously."""


class Ring:
    """The messages themselves, and for each key where they are."""

    def __init__(self, streams: int, seconds: float, most_bytes: int) -> None:
        self.floor = [0] * streams
        self._seconds = seconds
        self._most = most_bytes
        self._held = 0
        self._count = 0
        self._all: deque[Told] = deque()
        self._by_key: dict[str, list[tuple[int, Told]]] = {}

    def begin(self, stream: int, position: int) -> None:
        """Nothing of this stream is here, and what comes next lies behind `position`."""
        kept = [told for told in self._all if told.stream != stream]
        self._all.clear()
        self._by_key.clear()
        self._held = 0
        for told in kept:
            self._put(told)
        self.floor[stream] = position

    def add(self, told: Told, now: float) -> None:
        """Keep a message, and let go of what is too old or too much. `now` in Unix seconds."""
        self._put(told)
        self.forget(now)

    def forget(self, now: float) -> None:
        """Let go of what is too old or too much."""
        while self._all and (self._held > self._most or self._all[0].at < now - self._seconds):
            self._drop_oldest()

    def behind(self, keys: Iterable[str], position: Position, streams: frozenset[int]) -> list[Told]:
        """What these keys were told behind a position in some of the streams, in the order in which it came."""
        found = [
            numbered
            for key in keys
            for numbered in self._by_key.get(key, ())
            if numbered[1].stream in streams and numbered[1].number > position[numbered[1].stream]
        ]
        return [told for _, told in sorted(found, key=lambda numbered: numbered[0])]

    def _put(self, told: Told) -> None:
        self._count += 1
        self._all.append(told)
        self._held += len(told.frame) + _OVERHEAD
        for key in told.keys:
            self._by_key.setdefault(key, []).append((self._count, told))

    def _drop_oldest(self) -> None:
        told = self._all.popleft()
        self._held -= len(told.frame) + _OVERHEAD
        self.floor[told.stream] = max(self.floor[told.stream], told.number)
        for key in told.keys:
            kept = self._by_key[key]
            kept.pop(0)
            if not kept:
                del self._by_key[key]
