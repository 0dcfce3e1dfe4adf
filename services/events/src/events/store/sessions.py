"""The agenda of an event."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import EventId
from common.schemas import View
from events.domain.session import Session
from events.tables import sessions

Shown = TypeVar("Shown", bound=View)

_MOST = 1000


async def add_session(tx: Transaction, session: Session) -> None:
    """Add an item to an agenda."""
    await tx.execute(insert(sessions).values(**{**asdict(session), "speakers": list(session.speakers)}))


async def agenda(tx: Transaction, event_id: EventId, view: Callable[[Session], Shown]) -> list[Shown]:
    """The sessions of an event in the order they begin, at most a thousand."""
    query = select(sessions).where(sessions.c.event_id == event_id).order_by(sessions.c.starts_at, sessions.c.id)
    return [view(_session(row)) for row in await tx.all(query.limit(_MOST))]


def _session(row: Row[Any]) -> Session:
    values = {name: getattr(row, name) for name in Session.__slots__}
    return Session(**{**values, "speakers": tuple(row.speakers)})
