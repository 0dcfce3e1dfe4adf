"""Events: which there are, whose they are, which are over."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, bindparam, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import EventId, OrganizationId, WorkspaceId
from common.paging import newest_first
from common.postgres import Asked
from common.schemas import Page, View
from events.domain.event import Event, Venue
from events.tables import events

Shown = TypeVar("Shown", bound=View)

_BY_ID = select(events).where(events.c.id == bindparam("reference"))
_BY_SLUG = select(events).where(events.c.slug == bindparam("reference"))


async def add_event(tx: Transaction, event: Event) -> bool:
    """Add an event. False when another has its slug."""
    statement = insert(events).values(**_values(event)).on_conflict_do_nothing(constraint="uq_events_slug")
    return await tx.scalar(statement.returning(events.c.id)) is not None


async def save_event(tx: Transaction, event: Event) -> None:
    """Write a changed event, whose row the caller has locked."""
    await tx.execute(update(events).where(events.c.id == event.id).values(**_values(event)))


async def find_event(tx: Transaction, reference: EventId | str) -> Event | None:
    """The event of an id or a slug."""
    row = await tx.one(_BY_ID if isinstance(reference, EventId) else _BY_SLUG, {"reference": reference})
    return None if row is None else _event(row)


def ask_event(tx: Transaction, event_id: EventId) -> Asked[Event | None]:
    """The event of an id, sent ahead of the next statement."""
    return tx.ask(_BY_ID, {"reference": event_id}, lambda found: next(map(_event, found), None))


async def find_events(tx: Transaction, ids: Collection[EventId]) -> dict[EventId, Event]:
    """The events of these ids."""
    rows = await tx.all(select(events).where(events.c.id.in_(ids))) if ids else []
    return {event.id: event for event in map(_event, rows)}


async def lock_event(tx: Transaction, reference: EventId | str) -> Event | None:
    """The event of an id or a slug, locked against other changes (not against passes and check-ins that point at it)."""
    column = events.c.id if isinstance(reference, EventId) else events.c.slug
    row = await tx.one(select(events).where(column == reference).with_for_update(key_share=True))
    return None if row is None else _event(row)


async def page_of_events(
    tx: Transaction,
    organization_id: OrganizationId | None,
    readable: ColumnElement[bool],
    cursor: str | None,
    limit: int,
    view: Callable[[Event], Shown],
) -> Page[Shown]:
    """Published events, and of the others those that are `readable`; newest first."""
    query: Select[Any] = select(events).where(or_(events.c.status == "published", readable))
    if organization_id is not None:
        query = query.where(events.c.organization_id == organization_id)
    return await newest_first(tx, query, events.c.id, EventId, cursor, limit, lambda row: view(_event(row)))


def everything() -> ColumnElement[bool]:
    """Readable: all of them."""
    return true()


def within(workspaces: Collection[WorkspaceId]) -> ColumnElement[bool]:
    """Readable: those of these workspaces."""
    return events.c.workspace_id.in_(workspaces)


async def lock_some_past_their_end(tx: Transaction, limit: int) -> list[Event]:
    """Up to `limit` published events whose end has passed, locked; those that others work on are left out."""
    query = select(events).where(events.c.status == "published", events.c.ends_at <= tx.now).order_by(events.c.ends_at)
    rows = await tx.all(query.limit(limit).with_for_update(key_share=True, skip_locked=True))
    return [_event(row) for row in rows]


async def events_after(tx: Transaction, after: EventId | None, limit: int) -> Sequence[Event]:
    """Events in the order of their ids, from just behind `after`."""
    query = select(events).order_by(events.c.id).limit(limit)
    rows = await tx.all(query if after is None else query.where(events.c.id > after))
    return [_event(row) for row in rows]


def _values(event: Event) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in Event.__slots__}
    return {**values, "venue": None if event.venue is None else asdict(event.venue)}


def _event(row: Row[Any]) -> Event:
    values = {name: getattr(row, name) for name in Event.__slots__}
    return Event(**{**values, "venue": None if row.venue is None else Venue(**row.venue)})
