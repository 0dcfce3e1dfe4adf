"""Bodies and answers about agendas."""

from datetime import datetime

from pydantic import Field

from common.db import Transaction
from common.ids import EventId, SessionId
from common.schemas import Body, Moment, Name, Prose, View
from events.domain.session import Session


class NewSession(Body):
    """An agenda item to be added."""

    name: Name
    description: Prose | None = None
    room: Name | None = None
    speakers: list[Name] = Field(default_factory=list, max_length=50)
    starts_at: Moment
    ends_at: Moment

    def session(self, tx: Transaction, event_id: EventId) -> Session:
        """The item as it will stand."""
        return Session(
            id=tx.new_id(SessionId),
            version=1,
            event_id=event_id,
            name=self.name,
            description=self.description,
            room=self.room,
            speakers=tuple(self.speakers),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )


class SessionView(View):
    """An agenda item as it stands."""

    id: SessionId
    event_id: EventId
    name: str
    description: str | None
    room: str | None
    speakers: list[str]
    starts_at: datetime
    ends_at: datetime
    version: int

    @classmethod
    def of(cls, session: Session) -> "SessionView":
        """From the domain's value."""
        values = {name: getattr(session, name) for name in cls.model_fields if name != "speakers"}
        return cls(speakers=list(session.speakers), **values)


class Agenda(View):
    """The sessions of an event in the order they begin."""

    items: list[SessionView]
