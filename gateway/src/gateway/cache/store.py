"""Kept answers, bounded by bytes; those nobody asked for longest go first."""

from collections import OrderedDict
from dataclasses import dataclass

from gateway.cache.policy import Lifetime
from gateway.cache.whole import Whole

Key = tuple[bytes, ...]
"""Path, query in order, and the value of each field the row varies by. The method is always GET."""

MOST_BYTES = 16 * 1024 * 1024
OVERHEAD = 1024
"""Bytes an entry costs beside its own."""


@dataclass(slots=True)
class Entry:
    """An answer, and since when it is kept."""

    whole: Whole
    lifetime: Lifetime
    asked_at: float
    """When it was asked for, in seconds: what happened at the service since may be missing from it."""
    cost: int
    again_at: float = 0.0
    """Not to be fetched anew before, since the last try failed."""

    def age(self, now: float) -> float:
        """Seconds."""
        return now - self.asked_at


class Store:
    """The entries of one gateway process."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self.taken = 0
        """Bytes."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key, now: float) -> Entry | None:
        """The entry, unless it is too old for any use."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.age(now) > entry.lifetime.whole:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: Key, whole: Whole, lifetime: Lifetime, asked_at: float) -> bool:
        """Keep an answer in place of an older one; whether it was kept."""
        before = self._entries.get(key)
        if before is not None:
            if before.asked_at > asked_at:
                return False
            self._drop(key)
        cost = OVERHEAD + sum(map(len, key)) + whole.cost
        if cost > self._most:
            return False
        while self.taken + cost > self._most:
            self._drop(next(iter(self._entries)))
        self._entries[key] = Entry(whole, lifetime, asked_at, cost)
        self.taken += cost
        return True

    def _drop(self, key: Key) -> None:
        self.taken -= self._entries.pop(key).cost
