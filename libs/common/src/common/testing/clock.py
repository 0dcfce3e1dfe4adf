"""Time and chance under a test's control."""

import random
from datetime import UTC, datetime, timedelta


class FrozenClock:
    """A clock that moves only when told."""

    def __init__(self, at: datetime = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> datetime:
        """Move on; returns the new moment."""
        self._at += by
        return self._at


class SeededEntropy:
    """The same bytes in every run of a test."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)
