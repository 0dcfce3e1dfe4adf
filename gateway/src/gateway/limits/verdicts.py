"""What comes of counting a request: it passes or is refused, and is told of its limits in either case."""

from collections.abc import Sequence

from common.refusals import Refusal
from gateway.errors import AbnormalUsage, QuotaExceeded

Header = tuple[bytes, bytes]


class Verdict:
    """Whether a request passes, and what the caller is told either way."""

    __slots__ = ("headers",)

    passes = True

    def __init__(self, headers: tuple[Header, ...]) -> None:
        self.headers = headers

    def refusal(self) -> Refusal:
        """What a request that does not pass is answered."""
        raise AssertionError("this one passes")


class Refused(Verdict):
    """A request that some policies refuse."""

    __slots__ = ("abnormal", "retry_after", "violated")

    passes = False

    def __init__(
        self, headers: tuple[Header, ...], violated: Sequence[str], retry_after: int, *, abnormal: bool
    ) -> None:
        """
        Args:
            violated: the names of the policies that refuse it.
            retry_after: seconds until all of those have room again.
            abnormal: whether one of them is a velocity class.
        """
        super().__init__(headers)
        self.violated = violated
        self.retry_after = retry_after
        self.abnormal = abnormal

    def refusal(self) -> Refusal:
        """See above."""
        kind = AbnormalUsage if self.abnormal else QuotaExceeded
        return kind(retry_after=self.retry_after, violated_policies=list(self.violated))
