"""The counts of tickets held and sold. Every change is one guarded statement on one row."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.order import in_lock_order
from commerce.domain.stock import Stock, Word
from commerce.tables import stock
from common.db import Transaction
from common.ids import EventId, TicketTierId


async def set_capacity(tx: Transaction, ticket_tier_id: TicketTierId, event_id: EventId, capacity: int) -> Stock:
    """Make or change a tier's capacity, also below what is sold; its row stays locked."""
    statement = insert(stock).values(ticket_tier_id=ticket_tier_id, event_id=event_id, capacity=capacity)
    statement = statement.on_conflict_do_update(
        constraint="pk_stock", set_={"capacity": statement.excluded.capacity, "event_id": statement.excluded.event_id}
    )
    return _stock_of((await tx.execute(statement.returning(*stock.c))).one())


async def take_held(tx: Transaction, ticket_tier_id: TicketTierId, count: int) -> Stock | None:
    """Hold `count` places for an order, if as many are left; None otherwise. The row stays locked.

    The condition is checked again on the newest row after waiting for its lock: this is what never oversells.
    """
    return await _take(tx, ticket_tier_id, count, {"held": stock.c.held + count})


async def take_sold(tx: Transaction, ticket_tier_id: TicketTierId, count: int) -> Stock | None:
    """Sell `count` places that were not held, if as many are left; None otherwise. The row stays locked."""
    return await _take(tx, ticket_tier_id, count, {"sold": stock.c.sold + count})


async def sell_held(tx: Transaction, ticket_tier_id: TicketTierId, count: int) -> None:
    """Held places become sold: what is left stays the same."""
    statement = (
        update(stock)
        .where(stock.c.ticket_tier_id == ticket_tier_id)
        .values(held=stock.c.held - count, sold=stock.c.sold + count)
    )
    await tx.execute(statement)


async def release_held(tx: Transaction, ticket_tier_id: TicketTierId, count: int) -> Stock:
    """Give held places back. The row stays locked."""
    statement = update(stock).where(stock.c.ticket_tier_id == ticket_tier_id).values(held=stock.c.held - count)
    return _stock_of((await tx.execute(statement.returning(*stock.c))).one())


async def set_word(tx: Transaction, ticket_tier_id: TicketTierId, word: Word) -> int:
    """Remember what was told of a tier; returns the number of this telling."""
    statement = (
        update(stock)
        .where(stock.c.ticket_tier_id == ticket_tier_id)
        .values(word=word, version=stock.c.version + 1)
        .returning(stock.c.version)
    )
    return int(await tx.scalar(statement))


async def lock_stock(tx: Transaction, tiers: Collection[TicketTierId]) -> dict[TicketTierId, Stock]:
    """The counts of several tiers, locked one after the other in the order everyone locks them in."""
    wanted = in_lock_order(dict.fromkeys(tiers, 0))
    query = select(stock).where(stock.c.ticket_tier_id.in_(wanted)).order_by(stock.c.ticket_tier_id).with_for_update()
    return {row.ticket_tier_id: _stock_of(row) for row in await tx.all(query)}


async def read_stock(tx: Transaction, tiers: Collection[TicketTierId]) -> dict[TicketTierId, Stock]:
    """The counts of several tiers as they are at this moment, without a lock."""
    rows = await tx.all(select(stock).where(stock.c.ticket_tier_id.in_(tiers)))
    return {row.ticket_tier_id: _stock_of(row) for row in rows}


async def stock_after(tx: Transaction, after: TicketTierId | None, limit: int) -> list[Stock]:
    """A page of all tiers, in the order of their ids."""
    query = select(stock).order_by(stock.c.ticket_tier_id).limit(limit)
    if after is not None:
        query = query.where(stock.c.ticket_tier_id > after)
    return [_stock_of(row) for row in await tx.all(query)]


async def _take(tx: Transaction, ticket_tier_id: TicketTierId, count: int, change: dict[str, Any]) -> Stock | None:
    statement = (
        update(stock)
        .where(stock.c.ticket_tier_id == ticket_tier_id, stock.c.held + stock.c.sold + count <= stock.c.capacity)
        .values(**change)
        .returning(*stock.c)
    )
    row = (await tx.execute(statement)).first()
    return None if row is None else _stock_of(row)


def _stock_of(row: Row[Any]) -> Stock:
    return Stock(
        ticket_tier_id=row.ticket_tier_id,
        event_id=row.event_id,
        capacity=row.capacity,
        held=row.held,
        sold=row.sold,
        word=row.word,
        version=row.version,
    )
