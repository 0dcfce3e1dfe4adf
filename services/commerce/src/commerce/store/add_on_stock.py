"""The counts of add-ons held and sold."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.stock import AddOnStock, Way, in_lock_order
from commerce.store.counts import moved, moves_of, sale_of
from commerce.tables import add_on_stock
from common.db import Transaction
from common.ids import AddOnId

_MOVES: Final = moves_of(add_on_stock, add_on_stock.c.add_on_id)
_SALE: Final = sale_of(add_on_stock, add_on_stock.c.add_on_id)


async def move(tx: Transaction, way: Way, add_on_id: AddOnId, count: int) -> AddOnStock | None:
    """Move so many; None where fewer are left. The row stays locked."""
    row = await moved(tx, _MOVES[way], add_on_id, count)
    return None if row is None else stock_of(row)


def sell_held(tx: Transaction, add_on_id: AddOnId, count: int) -> None:
    """So many that were held are sold, as this commits."""
    tx.post(_SALE, {"key": add_on_id, "count": count})


async def set_capacity(tx: Transaction, add_on_id: AddOnId, capacity: int | None) -> None:
    """Make or change an add-on's capacity, also below what is sold; None is as many as are wanted."""
    statement = insert(add_on_stock).values(add_on_id=add_on_id, capacity=capacity)
    statement = statement.on_conflict_do_update(
        constraint="pk_add_on_stock", set_={"capacity": statement.excluded.capacity}
    )
    await tx.execute(statement)


async def read(tx: Transaction, add_ons: Collection[AddOnId]) -> dict[AddOnId, AddOnStock]:
    """The counts of several as they are at this moment, without a lock."""
    return _by_id(await tx.all(select(add_on_stock).where(add_on_stock.c.add_on_id.in_(add_ons))))


async def lock(tx: Transaction, add_ons: Collection[AddOnId]) -> dict[AddOnId, AddOnStock]:
    """The counts of several, locked one after the other in the order everyone locks them in."""
    query = select(add_on_stock).where(add_on_stock.c.add_on_id.in_(in_lock_order(add_ons)))
    return _by_id(await tx.all(query.order_by(add_on_stock.c.add_on_id).with_for_update()))


def _by_id(rows: Collection[Row[Any]]) -> dict[AddOnId, AddOnStock]:
    return {row.add_on_id: stock_of(row) for row in rows}


def stock_of(row: Row[Any]) -> AddOnStock:
    """The counts from a row that holds their columns."""
    return AddOnStock(row.add_on_id, row.capacity, row.held, row.sold)
