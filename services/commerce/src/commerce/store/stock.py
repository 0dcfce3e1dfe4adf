"""The counts of tickets held and sold, tier by tier."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, Row, Select, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.stock import QuietWay, Stock, Way, Word, in_lock_order
from commerce.store.counts import moved, moves_of, sale_of
from commerce.tables import event_capacity, stock
from common.db import Transaction
from common.ids import EventId, TicketTierId
from common.postgres import expected

_COLUMNS: Final = tuple(column.name for column in stock.c)
_MOVES: Final = moves_of(stock, stock.c.ticket_tier_id)
_SALE: Final = sale_of(stock, stock.c.ticket_tier_id)
_COUNT: Final = bindparam("count", type_=BigInteger)
_QUIET: Final = update(stock).where(
    stock.c.ticket_tier_id == bindparam("key", type_=stock.c.ticket_tier_id.type),
    stock.c.capacity == bindparam("of", type_=BigInteger),
    stock.c.held + stock.c.sold + _COUNT <= bindparam("most", type_=BigInteger),
    stock.c.word == "available",
    stock.c.waiting == 0,
    ~stock.c.shared,
)
_QUIET_MOVES: Final[Mapping[QuietWay, Select[tuple[int]]]] = {
    "held": expected(_QUIET.values(held=stock.c.held + _COUNT)),
    "sold": expected(_QUIET.values(sold=stock.c.sold + _COUNT)),
}
"""Guarded as strictly as the others, and by all that would have to be told: one that fits changes one number and nothing else."""


async def set_capacity(tx: Transaction, ticket_tier_id: TicketTierId, event_id: EventId, capacity: int) -> None:
    """Make or change a tier's capacity, also below what is sold; its row stays locked.

    The caller is alone in changing the event's tiers: a new one counts in what they share, if they share something.
    """
    sharing = select(event_capacity.c.event_id).where(event_capacity.c.event_id == event_id)
    values = {"ticket_tier_id": ticket_tier_id, "event_id": event_id, "capacity": capacity}
    statement = insert(stock).values(**values, shared=sharing.exists())
    statement = statement.on_conflict_do_update(
        constraint="pk_stock", set_={"capacity": statement.excluded.capacity, "event_id": statement.excluded.event_id}
    )
    await tx.execute(statement)


async def move(tx: Transaction, way: Way, ticket_tier_id: TicketTierId, count: int) -> Stock | None:
    """Move so many places; None where fewer are left. The row stays locked."""
    row = await moved(tx, _MOVES[way], ticket_tier_id, count)
    return None if row is None else stock_of(row)


def sell_held(tx: Transaction, ticket_tier_id: TicketTierId, count: int) -> None:
    """So many that were held are sold, as this commits."""
    tx.post(_SALE, {"key": ticket_tier_id, "count": count})


def expect_quiet_move(tx: Transaction, way: QuietWay, seen: Stock, count: int) -> None:
    """Move so many places as this commits, if then the tier is still as plainly available as it was seen to be."""
    values = {"key": seen.ticket_tier_id, "count": count, "of": seen.capacity, "most": seen.quiet_until}
    tx.expect(_QUIET_MOVES[way], values)


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
    wanted = in_lock_order(tiers)
    query = select(stock).where(stock.c.ticket_tier_id.in_(wanted)).order_by(stock.c.ticket_tier_id).with_for_update()
    return {row.ticket_tier_id: stock_of(row) for row in await tx.all(query)}


async def lock_stock_of(tx: Transaction, event_id: EventId) -> list[Stock]:
    """The counts of all tiers of an event, locked in the order everyone locks them in."""
    query = select(stock).where(stock.c.event_id == event_id).order_by(stock.c.ticket_tier_id).with_for_update()
    return [stock_of(row) for row in await tx.all(query)]


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


def stock_of(row: Row[Any], prefix: str = "") -> Stock:
    """The counts from a row that holds their columns, perhaps under a prefix."""
    return Stock(**{name: getattr(row, prefix + name) for name in _COLUMNS})
