"""When a phone should offer a pass by itself, and when the pass is spent."""

from datetime import UTC, datetime, time, timedelta

from wallet.domain.face import Gathering

LONGEST_INTERVAL = timedelta(hours=24)
MOST_INTERVALS = 31
SPENT_AFTER = timedelta(hours=12)


def relevant_intervals(gathering: Gathering) -> list[tuple[datetime, datetime]]:
    """The spans, in the venue's time, in which the pass belongs on the lock screen.

    An event of up to 24 hours is one span, so that a night is not cut at midnight. A longer one has a span per local
    day. No span is longer than 24 hours, which Apple demands: of a day that a clock change makes 25 hours long, the
    last one is left out. At most 31 spans.
    """
    # In UTC throughout: subtracting two moments of one zone would compare wall clocks and lose the clock change.
    begin, over = gathering.starts_at.astimezone(UTC), gathering.ends_at.astimezone(UTC)
    if over - begin <= LONGEST_INTERVAL:
        return [(gathering.local(begin), gathering.local(over))]
    spans: list[tuple[datetime, datetime]] = []
    while begin < over and len(spans) < MOST_INTERVALS:
        midnight = _next_midnight(gathering, begin)
        spans.append((gathering.local(begin), gathering.local(min(midnight, over, begin + LONGEST_INTERVAL))))
        begin = midnight
    return spans


def spent_at(gathering: Gathering) -> datetime:
    """When the pass may fade: 12 hours after the end, because programmes overrun and people are still inside."""
    return gathering.local(gathering.ends_at.astimezone(UTC) + SPENT_AFTER)


def _next_midnight(gathering: Gathering, moment: datetime) -> datetime:
    here = gathering.local(moment)
    return datetime.combine(here.date() + timedelta(days=1), time(), tzinfo=here.tzinfo).astimezone(UTC)
