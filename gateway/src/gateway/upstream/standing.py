"""What a replica's conduct says of it: pure numbers, told of each answer and each failure.

A replica is put aside at once when it takes no connection, after three failures in a row, or when most of its answers
are server errors while the others' are not. It stays aside the longer the more often that happened, and comes back on
trial: one more slip and it is out again.
"""

from gateway.upstream.failures import Cause

BAD = frozenset({500, 502, 503, 504})
FAILURES_IN_A_ROW = 3
BAD_SHARE = 0.5
"""Share of server errors among the latest answers that is too much, where the others' share is less than half of it."""
WEIGHT = 0.15
"""What the newest answer counts in that share: five errors in a row are enough, three among good ones are not."""
FORGOTTEN_SECONDS = 10.0
"""Errors further apart than this do not add up."""
FIRST_SECONDS = 1.0
LONGEST_SECONDS = 10.0
"""How long a replica stays aside. Coming back costs no request of anybody's, so there is no need to wait for long."""
GOOD_CONDUCT_SECONDS = 60.0
"""After so long without being put aside its past is forgotten."""


class Standing:
    """One replica's."""

    __slots__ = ("_back_at", "_bad_at", "aside_until", "bad_share", "failures", "times")

    def __init__(self) -> None:
        self.failures = 0
        """In a row."""
        self.bad_share = 0.0
        self.aside_until: float | None = None
        self.times = 0
        """How often it was put aside lately."""
        self._bad_at = self._back_at = 0.0

    @property
    def troubled(self) -> bool:
        """Whether there is anything a good answer could mend; asked before `good`, for speed."""
        return self.failures > 0 or self.bad_share > 0.0

    def good(self) -> None:
        """It answered well."""
        self.failures = 0
        self.bad_share *= 1 - WEIGHT
        if self.bad_share < 0.01:
            self.bad_share = 0.0

    def bad(self, now: float) -> None:
        """It answered with a server error."""
        self.failures = 0
        if now - self._bad_at > FORGOTTEN_SECONDS:
            self.bad_share = 0.0
        self._bad_at = now
        self.bad_share += (1 - self.bad_share) * WEIGHT

    def failed(self, cause: Cause) -> None:
        """It brought no answer. A used connection that was closed meanwhile says nothing against it."""
        if cause in (Cause.REFUSED, Cause.UNANSWERED, Cause.SILENT):
            self.failures = FAILURES_IN_A_ROW
        elif cause is not Cause.CLOSED:
            self.failures += 1

    def unfit(self, others_share: float) -> bool:
        """Whether it ought to be put aside, given the average share of server errors of the others."""
        if self.failures >= FAILURES_IN_A_ROW:
            return True
        return self.bad_share > BAD_SHARE and others_share < self.bad_share / 2

    def put_aside(self, now: float, chance: float) -> None:
        """Out, for a time that doubles, and that chance stretches so that replicas do not come back in step.

        Args:
            chance: evenly from 0 to 1.
        """
        if self.aside_until is None and now - self._back_at > GOOD_CONDUCT_SECONDS:
            self.times = 0
        seconds: float = min(FIRST_SECONDS * 2.0**self.times, LONGEST_SECONDS)
        self.aside_until = now + seconds * (1 + chance / 4)
        self.times += 1

    def come_back(self, now: float) -> None:
        """Back, on trial."""
        self.aside_until = None
        self._back_at = self._bad_at = now
        self.failures = FAILURES_IN_A_ROW - 1
        self.bad_share = BAD_SHARE - WEIGHT / 4
