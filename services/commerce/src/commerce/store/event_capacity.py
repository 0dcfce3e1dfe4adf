"""The counts of what all tiers of an event have together, for events that limit it."""

from typing import Any, Final

from sqlalchemy import BigInteger, Row, func, literal, select, text, true, update
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.stock import SharedStock, Way, Word
from commerce.store.counts import moved, moves_of, sale_of
from commerce.tables import event_capacity, stock
from common.db import Transaction
from common.ids import EventId

_COLUMNS: Final = tuple(column.name for column in event_capacity.c)
_MOVES: Final = moves_of(event_capacity, event_capacity.c.event_id)
_SALE: Final = sale_of(event_capacity, event_capacity.c.event_id)


async def move(tx: Transaction, way: Way, event_id: EventId, count: int) -> SharedStock | None:
    """Move so many places; None where fewer are left. The row stays locked: everyone takes it last."""
    row = await moved(tx, _MOVES[way], event_id, count)
    return None if row is None else shared_of(row)


def sell_held(tx: Transaction, event_id: EventId, count: int) -> None:
    """So many that were held are sold, as this commits; nothing happens where its tiers share nothing."""
    tx.post(_SALE, {"key": event_id, "count": count})


async def read(tx: Transaction, event_id: EventId) -> SharedStock | None:
    """The counts as they are at this moment, without a lock; None where the tiers share nothing."""
    row = await tx.one(select(event_capacity).where(event_capacity.c.event_id == event_id))
    return None if row is None else shared_of(row)


async def lock(tx: Transaction, event_id: EventId) -> SharedStock | None:
    """The counts, locked. Whoever also locks tiers has done that before."""
    row = await tx.one(select(event_capacity).where(event_capacity.c.event_id == event_id).with_for_update())
    return None if row is None else shared_of(row)


async def change_alone(tx: Transaction, event_id: EventId) -> None:
    """Adding a tier to an event and giving the event a capacity come one after the other, or one could miss the other."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"tiers of {event_id}"})


async def set_capacity(tx: Transaction, event_id: EventId, capacity: int | None) -> SharedStock:
    """Begin to count, from what the tiers have now, or change the capacity. The caller has locked the event's tiers."""
    counted = select(
        literal(event_id, event_capacity.c.event_id.type),
        literal(capacity, BigInteger),
        func.coalesce(func.sum(stock.c.held), 0),
        func.coalesce(func.sum(stock.c.sold), 0),
    ).where(stock.c.event_id == event_id)
    statement = insert(event_capacity).from_select(["event_id", "capacity", "held", "sold"], counted)
    statement = statement.on_conflict_do_update(
        constraint="pk_event_capacity", set_={"capacity": statement.excluded.capacity}
    )
    row = (await tx.execute(statement.returning(*event_capacity.c))).one()
    await tx.execute(update(stock).where(stock.c.event_id == event_id, ~stock.c.shared).values(shared=true()))
    return shared_of(row)


async def set_word(tx: Transaction, event_id: EventId, word: Word, *, told: bool) -> None:
    """Remember what the tiers are to be told because of the shared capacity, or that they were."""
    mine = event_capacity.c.event_id == event_id
    await tx.execute(update(event_capacity).where(mine).values(word=word, told=told))


async def some_untold(tx: Transaction, limit: int) -> list[EventId]:
    """Events whose tiers have not heard the newest word yet."""
    rows = await tx.all(select(event_capacity.c.event_id).where(~event_capacity.c.told).limit(limit))
    return [row.event_id for row in rows]


def shared_of(row: Row[Any], prefix: str = "") -> SharedStock:
    """The counts from a row that holds their columns, perhaps under a prefix."""
    return SharedStock(**{name: getattr(row, prefix + name) for name in _COLUMNS})
