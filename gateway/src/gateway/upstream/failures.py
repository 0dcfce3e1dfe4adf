"""How a request to a service can fail, and what that says about sending it again."""

from enum import StrEnum


class Cause(StrEnum):
    """Why an attempt at a replica brought no usable answer."""

    REFUSED = "refused"
    """The replica took no connection: nothing was sent."""
    UNANSWERED = "unanswered"
    """It did not even answer to being connected to: nothing was sent."""
    CLOSED = "closed"
    """A connection that had been used before ended without a byte: most likely closed before the request arrived."""
    BROKEN = "broken"
    """A new connection ended without a byte of an answer."""
    CUT = "cut"
    """The answer began and broke off."""
    SILENT = "silent"
    """The replica was found to be hanging."""
    BAD_ANSWER = "bad_answer"
    """It answered 502, 503 or 504."""
    LATE = "late"
    """The time granted for the whole request has passed."""
    MALFORMED = "malformed"
    """What came is no HTTP/1.1 answer."""


NOTHING_SENT = frozenset({Cause.REFUSED, Cause.UNANSWERED})


class Failure(Exception):
    """An exchange came to nothing. `cause` says how, as far as the replica can be blamed."""

    cause = Cause.BROKEN


class ConnectionBroken(Failure):
    """The service closed or reset the connection before the answer was complete."""


class ReplicaSilent(ConnectionBroken):
    """The replica was found to be hanging while others answer."""

    cause = Cause.SILENT


class AnswerMalformed(Failure):
    """What came is not an HTTP/1.1 answer that means one thing only."""

    cause = Cause.MALFORMED


class OutOfTime(Failure):
    """The answer, or its next part, did not come in time."""

    cause = Cause.LATE


class Unreachable(Failure):
    """No replica accepts a connection, all places are taken, or the service is taken for away. Nothing was sent."""

    cause = Cause.REFUSED


class NoConnection(Unreachable):
    """This replica did not accept a connection."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause
