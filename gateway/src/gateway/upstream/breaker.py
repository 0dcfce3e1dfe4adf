"""Whether a whole service is taken for away: then it is not asked, and callers hear so at once instead of waiting."""

FAILURES_IN_A_ROW = 5
"""Attempts without one success between them, at whatever replica."""
FIRST_SECONDS = 0.5
LONGEST_SECONDS = 2.0
"""Until it is tried again, by a question of the gateway's own that costs no caller anything."""


class Breaker:
    """One service's. Closed: it is asked. Open: it is not, until a trial succeeds."""

    __slots__ = ("_times", "failures", "open_until")

    def __init__(self) -> None:
        self.failures = 0
        self.open_until: float | None = None
        self._times = 0

    def failed(self, now: float, chance: float) -> None:
        """An attempt came to nothing.

        Args:
            chance: evenly from 0 to 1; stretches the time, so that gateways do not try in step.
        """
        self.failures += 1
        if self.failures >= FAILURES_IN_A_ROW and self.open_until is None:
            self.stay_open(now, chance)

    def stay_open(self, now: float, chance: float) -> None:
        """Open, for a time that doubles."""
        seconds: float = min(FIRST_SECONDS * 2.0**self._times, LONGEST_SECONDS)
        self.open_until = now + seconds * (1 + chance / 4)
        self._times += 1

    def succeeded(self) -> None:
        """Something was answered."""
        self.failures = self._times = 0
        self.open_until = None
