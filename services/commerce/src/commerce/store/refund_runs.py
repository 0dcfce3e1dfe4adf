"""Refunds of cancelled events: how far each is, the orders it still has to go through, and those to be looked at again."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.refund_run import DueOrder, Progress, RefundRun
from commerce.tables import event_refund_runs, event_refunds_due, orders, refunds
from common.db import Transaction
from common.ids import EventId, OrderId
from common.money import Money

_TO_DO: Final = orders.c.status.in_(("paid", "partially_refunded"))


async def begin_run(tx: Transaction, run: RefundRun) -> None:
    """Begin to refund an event's orders. One that was begun goes on as it is."""
    statement = insert(event_refund_runs).values(
        event_id=run.event_id,
        organization_id=run.organization_id,
        keeps_fees=run.keeps_fees,
        begun_at=run.begun_at,
    )
    await tx.execute(statement.on_conflict_do_nothing(index_elements=["event_id"]))


async def due_runs(tx: Transaction) -> list[EventId]:
    """Events whose run has something to do."""
    table = event_refund_runs.c
    query = select(table.event_id).where(table.finished_at.is_(None)).order_by(table.event_id)
    return [row.event_id for row in await tx.all(query)]


async def is_refunded(tx: Transaction, event_id: EventId) -> bool:
    """Whether the event was cancelled and its orders are refunded, or were."""
    mine = event_refund_runs.c.event_id == event_id
    return await tx.scalar(select(event_refund_runs.c.event_id).where(mine)) is not None


async def lock_run(tx: Transaction, event_id: EventId) -> RefundRun | None:
    """The run of an event, locked; None when others work on it."""
    query = select(event_refund_runs).where(event_refund_runs.c.event_id == event_id)
    row = await tx.one(query.with_for_update(skip_locked=True))
    return None if row is None else _run_of(row)


async def save_run(tx: Transaction, run: RefundRun) -> None:
    """Write how far it is."""
    values = {
        "cursor": run.cursor,
        "found_in_sweep": run.found,
        "refunded": run.refunded,
        "finished_at": run.finished_at,
        "horizon_xid": run.horizon_xid,
    }
    await tx.execute(update(event_refund_runs).where(event_refund_runs.c.event_id == run.event_id).values(**values))


async def some_of_run(tx: Transaction, run: RefundRun, limit: int) -> list[OrderId]:
    """The next orders to be refunded; none when there are no more."""
    query = select(orders.c.id).where(orders.c.event_id == run.event_id, _TO_DO, ~orders.c.disputed)
    if run.cursor is not None:
        query = query.where(orders.c.id > run.cursor)
    return [row.id for row in await tx.all(query.order_by(orders.c.id).limit(limit))]


async def look_again(tx: Transaction, event_id: EventId, order_id: OrderId) -> None:
    """Have an order looked at beside the walk, which may have passed it. The caller holds the order's lock: whoever takes it
    out again does, too."""
    values = {"order_id": order_id, "event_id": event_id, "next_attempt_at": tx.now}
    await tx.execute(insert(event_refunds_due).values(**values).on_conflict_do_nothing(index_elements=["order_id"]))


async def look_again_later(tx: Transaction, due: DueOrder, at: datetime) -> None:
    """Have an order looked at that could not be refunded."""
    wait = {"tries": due.tries, "next_attempt_at": at}
    statement = insert(event_refunds_due).values(order_id=due.order_id, event_id=due.event_id, **wait)
    await tx.execute(statement.on_conflict_do_update(index_elements=["order_id"], set_=wait))


async def some_due(tx: Transaction, limit: int) -> list[DueOrder]:
    """Orders to be looked at now, in the order they fell due."""
    table = event_refunds_due.c
    query = select(event_refunds_due).where(table.next_attempt_at <= tx.now)
    rows = await tx.all(query.order_by(table.next_attempt_at, table.order_id).limit(limit))
    return [DueOrder(row.order_id, row.event_id, row.tries) for row in rows]


async def looked_at(tx: Transaction, order_id: OrderId) -> None:
    """Nothing is to be done with it any more."""
    await tx.execute(delete(event_refunds_due).where(event_refunds_due.c.order_id == order_id))


async def progress_of(tx: Transaction, event_id: EventId) -> Progress | None:
    """How far the run of an event is."""
    row = await tx.one(select(event_refund_runs).where(event_refund_runs.c.event_id == event_id))
    if row is None:
        return None
    mine = orders.c.event_id == event_id
    standing = await tx.one(
        select(_count(~orders.c.disputed).label("left"), _count(orders.c.disputed).label("disputed")).where(
            mine, _TO_DO
        )
    )
    made = await tx.all(
        select(
            refunds.c.status,
            refunds.c.currency,
            func.count().label("made"),
            func.sum(refunds.c.amount).label("amount"),
        )
        .join(orders, orders.c.id == refunds.c.order_id)
        .where(mine, refunds.c.origin == "event_cancelled")
        .group_by(refunds.c.status, refunds.c.currency)
        .order_by(refunds.c.currency)
    )
    assert standing is not None, "counts are always a row"
    count = {word: sum(each.made for each in made if each.status == word) for word in ("pending", "done", "failed")}
    currencies = sorted({each.currency for each in made})
    amounts = tuple(Money(int(sum(each.amount for each in made if each.currency == code)), code) for code in currencies)
    return Progress(
        _run_of(row), standing.left, standing.disputed, count["pending"], count["done"], count["failed"], amounts
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def _run_of(row: Row[Any]) -> RefundRun:
    return RefundRun(
        event_id=row.event_id,
        organization_id=row.organization_id,
        keeps_fees=row.keeps_fees,
        cursor=row.cursor,
        found=row.found_in_sweep,
        refunded=row.refunded,
        begun_at=row.begun_at,
        finished_at=row.finished_at,
        horizon_xid=row.horizon_xid,
    )
