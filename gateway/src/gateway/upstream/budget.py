"""How many copies of requests may be sent beside the requests themselves: a share of those of the last ten seconds.

Without it a service that fails under load would get the more load the more it fails.
"""

from collections import deque

SPAN_SECONDS = 10.0
MARK_SECONDS = 1.0


class Budget:
    """Counts requests and copies. `asked` is raised for each request by whoever sends it: it must cost next to nothing."""

    __slots__ = ("_copies", "_marks", "_minimum", "_share", "asked", "exhausted")

    def __init__(self, share: float, minimum: int) -> None:
        """
        Args:
            share: copies for each request, from 0 to 1.
            minimum: copies that are granted in the span however few the requests are.
        """
        self._share = share
        self._minimum = minimum
        self._marks: deque[tuple[float, int, int]] = deque()
        self._copies = 0
        self.asked = 0
        self.exhausted = 0
        """How often a copy was not granted."""

    def note(self, now: float) -> None:
        """Keep the count of this moment; called now and then while there is traffic."""
        if not self._marks:
            self._marks.append((now, 0, 0))
        elif now - self._marks[-1][0] >= MARK_SECONDS:
            self._marks.append((now, self.asked, self._copies))
        self._forget(now)

    def grants(self, now: float) -> bool:
        """Whether one more copy may be sent; if so, it is counted."""
        self._forget(now)
        _, asked, copies = self._marks[0] if self._marks else (now, 0, 0)
        allowed = max(self._minimum, int(self._share * (self.asked - asked)))
        if self._copies - copies >= allowed:
            self.exhausted += 1
            return False
        self._copies += 1
        return True

    def _forget(self, now: float) -> None:
        """The mark in front is the newest that is older than the span, or the first of all."""
        marks = self._marks
        while len(marks) > 1 and now - marks[1][0] >= SPAN_SECONDS:
            marks.popleft()
