"""When a mail is tried again: soon at first, later more rarely, until it is not worth having any more."""

from datetime import datetime, timedelta

LEASE = timedelta(seconds=60)
"""How long a worker has a mail to itself; after a crash another one takes it then."""
WORTH_HAVING = timedelta(hours=24)
_PAUSES = (2, 5, 15, 60, 300, 900, 1800, 3600)


def next_attempt(attempts: int, now: datetime) -> datetime:
    """When to try again after `attempts` deferrals."""
    return now + timedelta(seconds=_PAUSES[min(attempts, len(_PAUSES)) - 1])
