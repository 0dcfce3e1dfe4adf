"""The counts of tickets held and sold. Every change is one guarded statement on one row."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import BigInteger, Row, Update, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.order import in_lock_order
from commerce.domain.stock import Stock, Word
from commerce.tables import stock
from common.db import Transaction
from common.ids import EventId, TicketTierId

_COLUMNS: Final = tuple(column.name for column in stock.c)
_COUNT: Final = bindparam("count", type_=BigInteger)
_TIER: Final = stock.c.ticket_tier_id == bindparam("tier", type_=stock.c.ticket_tier_id.type)
# Built once: these run for every ticket of a rush, and putting a statement together costs as much as running it.
_TAKE: Final = update(stock).where(_TIER, stock.c.held + stock.c.sold + _COUNT <= stock.c.capacity)
_TAKE_HELD: Final = _TAKE.values(held=stock.c.held + _COUNT).returning(*stock.c)
_TAKE_SOLD: Final = _TAKE.values(sold=stock.c.sold + _COUNT).returning(*stock.c)
_SELL_HELD: Final = update(stock).where(_TIER).values(held=stock.c.held - _COUNT, sold=stock.c.sold + _COUNT)
_RELEASE_HELD: Final = update(stock).where(_TIER).values(held=stock.c.held - _COUNT).returning(*stock.c)


async def set_capacity(tx: Transaction, ticket_tier_id: TicketTierId, event_id: EventId, capacity: int) -> Stock:
    """Make or change a tier's capacity, also below what is sold; its row stays locked."""
    statement = insert(stock).values(ticket_tier_id=ticket_tier_id, event_id=event_id, capacity=capacity)
    statement = statement.on_conflict_do_update(
        constraint="pk_stock", set_={"capacity": statement.excluded.capacity, "event_id": statement.excluded.event_id}
    )
    return stock_of((await tx.execute(statement.returning(*stock.c))).one())


async def take_held(tx: Transaction, ticket_tier_id: TicketTierId, count: int) -> Stock | None:
    """Hold `count` places for an order, if as many are left; None otherwise. The row stays locked.

    The condition is checked again on the newest row after waiting for its lock: this is what never oversells.
    """
    return await _take(tx, _TAKE_HELD, ticket_tier_id, count)


async def take_sold(tx: Transaction, ticket_tier_id: TicketTierId, count: int) -> Stock | None:
    """Sell `count` places that were not held, if as many are left; None otherwise. The row stays locked."""
    return await _take(tx, _TAKE_SOLD, ticket_tier_id, count)


async def sell_held(tx: Transaction, ticket_tier_id: TicketTierId, count: int) -> None:
    """Held places become sold: what is left stays the same."""
    await tx.execute(_SELL_HELD, {"tier": ticket_tier_id, "count": count})


async def release_held(tx: Transaction, ticket_tier_id: TicketTierId, count: int) -> Stock:
    """Give held places back. The row stays locked."""
    return stock_of((await tx.execute(_RELEASE_HELD, {"tier": ticket_tier_id, "count": count})).one())


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
    return {row.ticket_tier_id: stock_of(row) for row in await tx.all(query)}


async def read_stock(tx: Transaction, tiers: Collection[TicketTierId]) -> dict[TicketTierId, Stock]:
    """The counts of several tiers as they are at this moment, without a lock."""
    rows = await tx.all(select(stock).where(stock.c.ticket_tier_id.in_(tiers)))
    return {row.ticket_tier_id: stock_of(row) for row in rows}


async def stock_after(tx: Transaction, after: TicketTierId | None, limit: int) -> list[Stock]:
    """A page of all tiers, in the order of their ids."""
    query = select(stock).order_by(stock.c.ticket_tier_id).limit(limit)
    if after is not None:
        query = query.where(stock.c.ticket_tier_id > after)
    return [stock_of(row) for row in await tx.all(query)]


async def _take(tx: Transaction, statement: Update, ticket_tier_id: TicketTierId, count: int) -> Stock | None:
    row = (await tx.execute(statement, {"tier": ticket_tier_id, "count": count})).first()
    return None if row is None else stock_of(row)


def stock_of(row: Row[Any], prefix: str = "") -> Stock:
    """The counts from a row that holds their columns, perhaps under a prefix."""
    return Stock(**{name: getattr(row, prefix + name) for name in _COLUMNS})
