"""Waiting lists: who waits for which tier, in which order, and how long offers stand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from commerce.domain.basket import Attendee
from commerce.domain.stock import Stock
from commerce.domain.waiting_list import OFFER_WINDOW, Entry, Status
from commerce.errors import WaitingAlready
from commerce.store.stock import stock_of
from commerce.tables import WAITING, event_capacity, orders, stock, waiting_list_entries, waiting_list_settings
from common.db import Transaction, refusing
from common.ids import EventId, TicketTierId, UserId, WaitingListEntryId
from common.paging import newest_first
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)

_entries = waiting_list_entries
_IN_SERVICE_ORDER = (_entries.c.priority.desc(), _entries.c.id)
_TOGETHER = select(event_capacity.c.capacity).where(event_capacity.c.event_id == stock.c.event_id)
MOST = func.least(stock.c.capacity, _TOGETHER.correlate(stock).scalar_subquery())
"""How many a tier has at all, or all of its event's tiers together where that is less. Both capacities change only under
the tier's lock: who counts by them takes that in a statement before."""


async def add_entry(tx: Transaction, entry: Entry) -> None:
    """Write that someone waits. Raises WaitingAlready where they do."""
    with refusing({"uq_waiting_list_entries_one_each": WaitingAlready}):
        await tx.execute(
            insert(_entries).values(
                id=entry.id,
                event_id=entry.event_id,
                organization_id=entry.organization_id,
                ticket_tier_id=entry.ticket_tier_id,
                user_id=entry.user_id,
                email=entry.email,
                name=entry.name,
                quantity=entry.quantity,
                attendees=[[attendee.name, attendee.email] for attendee in entry.attendees],
                joined_at=entry.joined_at,
                **_state_of(entry),
            )
        )


async def save_entry(tx: Transaction, entry: Entry) -> None:
    """Write how an entry stands now. The caller holds its lock."""
    await tx.execute(update(_entries).where(_entries.c.id == entry.id).values(**_state_of(entry)))


async def lock_entry(tx: Transaction, entry_id: WaitingListEntryId) -> Entry | None:
    """An entry, locked until this transaction ends."""
    row = await tx.one(select(_entries).where(_entries.c.id == entry_id).with_for_update())
    return None if row is None else entry_of(row)


async def lock_next(tx: Transaction, ticket_tier_id: TicketTierId) -> Entry | None:
    """Whose turn it is: highest priority first, then who came first. Locked, so that one offer is made to them.

    Whoever wants more than there is at all is passed over.
    """
    most = select(MOST).where(stock.c.ticket_tier_id == ticket_tier_id).scalar_subquery()
    query = select(_entries).where(_entries.c.ticket_tier_id == ticket_tier_id, WAITING, _entries.c.quantity <= most)
    row = await tx.one(query.order_by(*_IN_SERVICE_ORDER).limit(1).with_for_update())
    return None if row is None else entry_of(row)


async def has_open_offer(tx: Transaction, user_id: UserId, ticket_tier_id: TicketTierId) -> bool:
    """Whether someone was offered places of a tier and may still take them."""
    query = (
        select(_entries.c.id)
        .join(orders, orders.c.id == _entries.c.order_id)
        .where(
            _entries.c.user_id == user_id,
            _entries.c.ticket_tier_id == ticket_tier_id,
            orders.c.status.in_(("awaiting_payment", "awaiting_approval")),
        )
        .limit(1)
    )
    return await tx.one(query) is not None


async def begin_waiting(tx: Transaction, entry: Entry, *, event_is_full: bool) -> Stock | None:
    """Count one who waits, if nothing is free or others wait; None otherwise. From then on the public sale stands still."""
    mine = (stock.c.ticket_tier_id == entry.ticket_tier_id) & (entry.quantity <= MOST)
    full = stock.c.held + stock.c.sold >= stock.c.capacity
    may = or_(stock.c.waiting > 0, full) if not event_is_full else stock.c.waiting >= 0
    statement = update(stock).where(mine, may).values(waiting=stock.c.waiting + 1)
    _lock_tier_of(tx, entry)
    row = (await tx.execute(statement.returning(*stock.c))).first()
    return None if row is None else stock_of(row)


async def stop_waiting(tx: Transaction, entry: Entry) -> Stock:
    """Count one less, if the entry counted; after the last the public sale goes on."""
    mine = stock.c.ticket_tier_id == entry.ticket_tier_id
    counted = case((entry.quantity <= MOST, 1), else_=0)
    statement = update(stock).where(mine).values(waiting=stock.c.waiting - counted).returning(*stock.c)
    _lock_tier_of(tx, entry)
    return stock_of((await tx.execute(statement)).one())


async def count_anew(tx: Transaction, ticket_tier_id: TicketTierId) -> Stock:
    """Count those who wait after the capacity changed: whoever wants more than there is at all keeps nothing from others.

    The caller has locked the tier's stock in a statement before: so this one sees whoever was faster.
    """
    [counted] = await _count_anew(tx, stock.c.ticket_tier_id == ticket_tier_id)
    return counted


async def count_anew_of(tx: Transaction, event_id: EventId) -> list[Stock]:
    """The same for every tier of an event, whose tiers share another capacity now. The caller has locked all of them."""
    return await _count_anew(tx, stock.c.event_id == event_id)


async def tiers_with_free_places(tx: Transaction) -> list[TicketTierId]:
    """Tiers people wait for that have something free."""
    waited_for = select(_entries.c.ticket_tier_id).where(WAITING).distinct()
    free = stock.c.held + stock.c.sold < stock.c.capacity
    rows = await tx.all(select(stock.c.ticket_tier_id).where(stock.c.ticket_tier_id.in_(waited_for), free))
    return [row.ticket_tier_id for row in rows]


async def entries_of_user(
    tx: Transaction,
    user_id: UserId,
    cursor: str | None,
    limit: int,
    view: Callable[[Entry, int], Model],
) -> Page[Model]:
    """Where someone waits or waited, newest first, and how many are before them."""
    query = _with_those_ahead(_entries.c.user_id == user_id)
    return await newest_first(
        tx, query, _entries.c.id, WaitingListEntryId, cursor, limit, lambda row: view(entry_of(row), row.ahead)
    )


async def entries_of_event(
    tx: Transaction,
    event_id: EventId,
    status: Status | None,
    cursor: str | None,
    limit: int,
    view: Callable[[Entry, int], Model],
) -> Page[Model]:
    """Who waits or waited for an event, newest first; with `status` only what stands so."""
    mine = _entries.c.event_id == event_id
    query = _with_those_ahead(mine if status is None else mine & (_entries.c.status == status))
    return await newest_first(
        tx, query, _entries.c.id, WaitingListEntryId, cursor, limit, lambda row: view(entry_of(row), row.ahead)
    )


async def count_ahead(tx: Transaction, entry: Entry) -> int:
    """How many are served before someone who waits."""
    row = await tx.one(_with_those_ahead(_entries.c.id == entry.id))
    return 0 if row is None else int(row.ahead)


async def offer_window(tx: Transaction, event_id: EventId) -> timedelta:
    """How long an offer of this event stands."""
    mine = waiting_list_settings.c.event_id == event_id
    minutes = await tx.scalar(select(waiting_list_settings.c.offer_minutes).where(mine))
    return OFFER_WINDOW if minutes is None else timedelta(minutes=minutes)


async def save_offer_window(tx: Transaction, event_id: EventId, window: timedelta) -> None:
    """Let the next offers of this event stand so long."""
    minutes = window // timedelta(minutes=1)
    statement = upsert(waiting_list_settings).values(event_id=event_id, offer_minutes=minutes)
    changed = {"offer_minutes": statement.excluded.offer_minutes}
    await tx.execute(statement.on_conflict_do_update(constraint="pk_waiting_list_settings", set_=changed))


async def _count_anew(tx: Transaction, which: ColumnElement[bool]) -> list[Stock]:
    servable = WAITING & (_entries.c.quantity <= MOST)
    count = select(func.count()).where(_entries.c.ticket_tier_id == stock.c.ticket_tier_id, servable)
    counted = {"waiting": count.correlate(stock).scalar_subquery()}
    rows = (await tx.execute(update(stock).where(which).values(**counted).returning(*stock.c))).all()
    return [stock_of(row) for row in rows]


def _lock_tier_of(tx: Transaction, entry: Entry) -> None:
    """With the next statement, which then sees the capacities as they stay until this transaction ends."""
    tx.post(select(stock.c.ticket_tier_id).where(stock.c.ticket_tier_id == entry.ticket_tier_id).with_for_update())


def _with_those_ahead(which: ColumnElement[bool]) -> Select[Any]:
    other = _entries.alias("other")
    before = or_(
        other.c.priority > _entries.c.priority,
        and_(other.c.priority == _entries.c.priority, other.c.id < _entries.c.id),
    )
    ahead = (
        select(func.count())
        .where(other.c.ticket_tier_id == _entries.c.ticket_tier_id, other.c.status == "waiting", before)
        .correlate(_entries)
        .scalar_subquery()
    )
    return select(_entries, ahead.label("ahead")).where(which)


def _state_of(entry: Entry) -> dict[str, Any]:
    """What of an entry changes."""
    return {
        "priority": entry.priority,
        "status": entry.status,
        "offered_at": entry.offered_at,
        "order_id": entry.order_id,
    }


def entry_of(row: Row[Any]) -> Entry:
    """An entry from a row that holds its columns."""
    return Entry(
        id=row.id,
        event_id=row.event_id,
        organization_id=row.organization_id,
        ticket_tier_id=row.ticket_tier_id,
        user_id=row.user_id,
        email=row.email,
        name=row.name,
        quantity=row.quantity,
        attendees=tuple(Attendee(name, email) for name, email in row.attendees),
        priority=row.priority,
        status=row.status,
        joined_at=row.joined_at,
        offered_at=row.offered_at,
        order_id=row.order_id,
    )
