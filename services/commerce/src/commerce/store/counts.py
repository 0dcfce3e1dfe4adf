"""The statements that move what is held and sold: one change of one row each, alike for whatever is counted; guarded where
anything is taken."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Row, Table, Update, bindparam, or_, update

from commerce.domain.stock import Way
from common.db import Transaction
from common.ids import Id

Moves = Mapping[Way, Update]

_COUNT: Final = bindparam("count", type_=BigInteger)


def moves_of(table: Table, key: Column[Any]) -> Moves:
    """The ways of a table with `capacity` (nothing: as many as are wanted), `held` and `sold`, one row for each `key`.

    Built once: these run for every ticket of a rush, and putting a statement together costs as much as running it.
    """
    row = _row(table, key)
    fits = [_COUNT <= 0, table.c.held + table.c.sold + _COUNT <= table.c.capacity]
    if table.c.capacity.nullable:
        fits.append(table.c.capacity.is_(None))
    waiting = table.c.get("waiting")
    guarded = row.where(or_(*fits))
    # What is free while people wait is theirs: everyone else may only give back.
    public = guarded if waiting is None else guarded.where(or_(_COUNT <= 0, waiting == 0))
    # An offer is for one who was counted: a capacity that was lowered meanwhile may have made them one who is not.
    offered = guarded if waiting is None else guarded.where(waiting > 0)
    served = {} if waiting is None else {"waiting": waiting - 1}
    return {
        "held": public.values(held=table.c.held + _COUNT).returning(*table.c),
        "sold": public.values(sold=table.c.sold + _COUNT).returning(*table.c),
        "offer_held": offered.values(held=table.c.held + _COUNT, **served).returning(*table.c),
        "offer_sold": offered.values(sold=table.c.sold + _COUNT, **served).returning(*table.c),
    }


def sale_of(table: Table, key: Column[Any]) -> Update:
    """What was held is sold. Nothing is asked and nothing said: as much is left as before."""
    return _row(table, key).values(held=table.c.held - _COUNT, sold=table.c.sold + _COUNT)


async def moved(tx: Transaction, statement: Update, key: Id, count: int) -> Row[Any] | None:
    """The row as it is after the change, locked until the transaction ends; None where the condition refused.

    The condition is checked again on the newest row after waiting for its lock: this is what never oversells.
    """
    return (await tx.execute(statement, {"key": key, "count": count})).first()


def _row(table: Table, key: Column[Any]) -> Update:
    return update(table).where(key == bindparam("key", type_=key.type))
