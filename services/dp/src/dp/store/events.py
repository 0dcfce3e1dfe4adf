"""dp's copy of events."""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import EventId
from dp.domain.gathering import Gathering
from dp.tables import events


async def keep_event(tx: Transaction, event: Gathering, sequence: int) -> None:
    """Make the copy equal to `event`, unless it is as new already."""
    values = {
        "organization_id": event.organization_id,
        "workspace_id": event.workspace_id,
        "name": event.name,
        "slug": event.slug,
        "status": event.status,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "timezone": event.timezone,
        "venue_name": event.venue_name,
        "city": event.city,
        "sequence": sequence,
    }
    statement = insert(events).values(id=event.id, **values)
    newer = statement.excluded.sequence > events.c.sequence
    await tx.execute(statement.on_conflict_do_update(constraint="pk_events", set_=values, where=newer))


async def find_event(tx: Transaction, event_id: EventId) -> Gathering | None:
    """The copy of an event, or None when it is not known here."""
    row = await tx.one(select(events).where(events.c.id == event_id))
    return None if row is None else event_of(row)


def event_of(row: Row[Any], prefix: str = "") -> Gathering:
    """The copy in a row whose event columns begin with `prefix`."""
    return Gathering(
        id=getattr(row, f"{prefix}id"),
        organization_id=getattr(row, f"{prefix}organization_id"),
        workspace_id=getattr(row, f"{prefix}workspace_id"),
        name=getattr(row, f"{prefix}name"),
        slug=getattr(row, f"{prefix}slug"),
        status=getattr(row, f"{prefix}status"),
        starts_at=getattr(row, f"{prefix}starts_at"),
        ends_at=getattr(row, f"{prefix}ends_at"),
        timezone=getattr(row, f"{prefix}timezone"),
        venue_name=getattr(row, f"{prefix}venue_name"),
        city=getattr(row, f"{prefix}city"),
    )
