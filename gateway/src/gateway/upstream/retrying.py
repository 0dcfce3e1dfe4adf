"""The one rule about sending a request twice.

Nothing sent: anything may go elsewhere. Something sent, and the end of it known: what may be repeated may. Something
sent that may still be at work: only what changes nothing. An answer has never gone out to the client by then. One copy
for each request at most, and all copies together within a budget, which the caller asks last.
"""

from gateway.upstream.failures import NOTHING_SENT, Cause
from gateway.upstream.request import Request

RETRY_ANSWERS = frozenset({502, 503, 504})
LEAST_SECONDS = 0.05
"""With less time than this left a copy would only be load."""

_NEVER = frozenset({Cause.LATE, Cause.MALFORMED})
_FOR_SAFE_ONES = frozenset({Cause.CUT, Cause.SILENT, Cause.BAD_ANSWER})


def obstacle(
    request: Request, cause: Cause, *, elsewhere: bool, copied: bool, seconds_left: float, invited: bool = True
) -> str | None:
    """What keeps a request from being sent again, in one word for the metrics; None when it may be.

    Args:
        cause: how the last attempt failed.
        elsewhere: whether there is a replica that has not been tried.
        copied: whether a copy was sent already.
        invited: whether the same replica may be asked again at once; one that says when to come back may not.
    """
    if cause in NOTHING_SENT:
        return None if elsewhere and seconds_left > 0 else "nowhere"
    if cause in _NEVER:
        return str(cause)
    if copied:
        return "copied"
    if request.upload is not None:
        return "body_gone"
    if not (request.safe if cause in _FOR_SAFE_ONES else request.repeatable):
        return "method"
    if seconds_left < LEAST_SECONDS:
        return "late"
    same = cause is Cause.CLOSED or (cause is Cause.BAD_ANSWER and invited)
    return None if elsewhere or same else "nowhere"
