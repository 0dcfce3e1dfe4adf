"""A session: one item of an event's agenda."""

from dataclasses import dataclass
from datetime import datetime

from common.ids import EventId, SessionId
from events.domain.event import Event
from events.errors import EndsBeforeItStarts, SessionOutsideEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One agenda item as it stands."""

    id: SessionId
    version: int
    event_id: EventId
    name: str
    description: str | None
    room: str | None
    speakers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


def checked(session: Session, event: Event) -> Session:
    """The session itself when it ends after it starts and lies within its event; refuses otherwise."""
    if session.ends_at <= session.starts_at:
        raise EndsBeforeItStarts(pointer="/endsAt")
    if session.starts_at < event.starts_at or session.ends_at > event.ends_at:
        raise SessionOutsideEvent(pointer="/startsAt")
    return session
