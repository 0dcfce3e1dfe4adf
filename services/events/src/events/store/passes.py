"""Passes: whose they are, which an order has, who may go through a door."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Row, and_, bindparam, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import EventId, MalformedId, OrderId, PassId, UserId
from common.paging import MalformedCursor, newest_first
from common.postgres import Asked
from common.schemas import Page, View
from events.domain.entry_pass import Attendee, Holder, Pass
from events.tables import events, passes

Shown = TypeVar("Shown", bound=View)

_NESTED = ("attendee", "holder")
_ADD_PASS = insert(passes)
_LOCK_PASSES_OF_ORDER = (
    select(passes).where(passes.c.order_id == bindparam("order")).order_by(passes.c.id).with_for_update(key_share=True)
)


class DoorCount(NamedTuple):
    """How many may enter, how many ever did, and how many are inside now."""

    issued: int
    admitted: int
    inside: int


class Reader(NamedTuple):
    """Whose passes are asked for: a user, and their verified address in the form addresses are compared in.

    A machine has neither, and so holds none.
    """

    user_id: UserId | None
    address: str | None


def add_pass(tx: Transaction, entry: Pass) -> None:
    """Add a pass as this commits. The caller knows, by the order's row it has locked, that the admission has none."""
    tx.post(_ADD_PASS, _values(entry))


async def save_pass(tx: Transaction, entry: Pass) -> None:
    """Write a changed pass, whose row the caller has locked."""
    await tx.execute(update(passes).where(passes.c.id == entry.id).values(**_values(entry)))


async def find_pass(tx: Transaction, pass_id: PassId) -> Pass | None:
    """The pass of an id."""
    row = await tx.one(select(passes).where(passes.c.id == pass_id))
    return None if row is None else _pass(row)


async def lock_pass(tx: Transaction, pass_id: PassId) -> Pass | None:
    """The pass of an id, locked: of several scans in one moment each sees what the one before it did."""
    row = await tx.one(select(passes).where(passes.c.id == pass_id).with_for_update(key_share=True))
    return None if row is None else _pass(row)


def ask_passes_of_order(tx: Transaction, order_id: OrderId) -> Asked[list[Pass]]:
    """Every pass of an order, locked."""
    return tx.ask(_LOCK_PASSES_OF_ORDER, {"order": order_id}, lambda found: [_pass(row) for row in found])


async def event_of_order(tx: Transaction, order_id: OrderId) -> EventId | None:
    """The event an order's passes are for; None while it has none."""
    event_id: EventId | None = await tx.scalar(select(passes.c.event_id).where(passes.c.order_id == order_id).limit(1))
    return event_id


async def attach(tx: Transaction, address: str, user_id: UserId) -> list[Pass]:
    """Give the passes that wait for the holder of an address to that user; those that changed."""
    waiting = passes.c.holder_user_id.is_(None) & (passes.c.holder_email == address)
    statement = update(passes).where(waiting).values(holder_user_id=user_id, version=passes.c.version + 1)
    return [_pass(row) for row in (await tx.execute(statement.returning(passes))).all()]


async def page_of_passes(
    tx: Transaction, which: ColumnElement[bool], cursor: str | None, limit: int, view: Callable[[Pass], Shown]
) -> Page[Shown]:
    """Passes, newest first."""
    query = select(passes).where(which)
    return await newest_first(tx, query, passes.c.id, PassId, cursor, limit, lambda row: view(_pass(row)))


async def upcoming_passes(tx: Transaction, reader: Reader, cursor: str | None, limit: int) -> list[Pass]:
    """What a reader can still go to, the soonest first: not void, for a published event that has not ended.

    Args:
        cursor: the pass just before these.
    """
    ahead = and_(
        held_by(reader), passes.c.status != "voided", events.c.status == "published", events.c.ends_at > tx.now
    )
    order = (events.c.starts_at, passes.c.id)
    query = select(passes).join(events, events.c.id == passes.c.event_id).where(ahead)
    if cursor is not None:
        starts_at, pass_id = await _place_of(tx, held_by(reader), cursor)
        beside = and_(events.c.starts_at == starts_at, passes.c.id > pass_id)
        query = query.where(or_(events.c.starts_at > starts_at, beside))
    return [_pass(row) for row in await tx.all(query.order_by(*order).limit(limit))]


async def _place_of(tx: Transaction, held: ColumnElement[bool], cursor: str) -> tuple[datetime, PassId]:
    try:
        pass_id = PassId(cursor)
    except MalformedId:
        raise MalformedCursor(pointer="/query/cursor") from None
    starts_at = select(events.c.starts_at).join(passes, events.c.id == passes.c.event_id)
    found: datetime | None = await tx.scalar(starts_at.where(held, passes.c.id == pass_id))
    if found is None:
        raise MalformedCursor(pointer="/query/cursor")
    return found, pass_id


def held_by(reader: Reader) -> ColumnElement[bool]:
    """Passes of that reader, and those that wait for their verified address and will be attached in a moment."""
    if reader.user_id is None:
        return false()
    held = passes.c.holder_user_id == reader.user_id
    if reader.address is None:
        return held
    return or_(held, and_(passes.c.holder_user_id.is_(None), passes.c.holder_email == reader.address))


def of_order(order_id: OrderId, reader: Reader | None) -> ColumnElement[bool]:
    """Passes of that order; where a reader is named, only those they hold or bought."""
    of_it = passes.c.order_id == order_id
    if reader is None:
        return of_it
    if reader.user_id is None:
        return false()
    return and_(of_it, or_(held_by(reader), passes.c.buyer_user_id == reader.user_id))


async def door_count(tx: Transaction, event_id: EventId) -> DoorCount:
    """How an event's doors stand."""
    query = select(
        func.count().filter(passes.c.status != "voided").label("issued"),
        func.count(passes.c.first_admitted_at).label("admitted"),
        func.count().filter(passes.c.inside).label("inside"),
    ).where(passes.c.event_id == event_id)
    row = (await tx.execute(query)).one()
    return DoorCount(row.issued, row.admitted, row.inside)


async def passes_after(tx: Transaction, event_id: EventId, after: PassId | None, limit: int) -> Sequence[Pass]:
    """Passes of an event in the order of their ids, from just behind `after`."""
    query = select(passes).where(passes.c.event_id == event_id).order_by(passes.c.id).limit(limit)
    rows = await tx.all(query if after is None else query.where(passes.c.id > after))
    return [_pass(row) for row in rows]


def _values(entry: Pass) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in Pass.__slots__ if name not in _NESTED}
    return {
        **values,
        "attendee_name": entry.attendee.name,
        "attendee_email": entry.attendee.email,
        "holder_user_id": entry.holder.user_id,
        "holder_email": entry.holder.email,
    }


def _pass(row: Row[Any]) -> Pass:
    values = {name: getattr(row, name) for name in Pass.__slots__ if name not in _NESTED}
    return Pass(
        attendee=Attendee(row.attendee_name, row.attendee_email),
        holder=Holder(row.holder_user_id, row.holder_email),
        **values,
    )
