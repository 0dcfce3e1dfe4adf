"""Refunds of cancelled events: how far each is, and the orders it still has to go through."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.refund_run import SWEPT_AGAIN_FOR, Progress, RefundRun
from commerce.tables import event_refund_runs, orders, refunds
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
    due = or_(table.finished_at.is_(None), table.begun_at > tx.now - SWEPT_AGAIN_FOR)
    return [row.event_id for row in await tx.all(select(table.event_id).where(due).order_by(table.event_id))]


async def lock_run(tx: Transaction, event_id: EventId) -> RefundRun | None:
    """The run of an event, locked; None when others work on it."""
    query = select(event_refund_runs).where(event_refund_runs.c.event_id == event_id)
    row = await tx.one(query.with_for_update(skip_locked=True))
    return None if row is None else _run_of(row)


async def save_run(tx: Transaction, run: RefundRun) -> None:
    """Write how far it is."""
    values = {"cursor": run.cursor, "found_in_sweep": run.found, "refunded": run.refunded}
    mine = event_refund_runs.c.event_id == run.event_id
    await tx.execute(update(event_refund_runs).where(mine).values(finished_at=run.finished_at, **values))


async def some_of_run(tx: Transaction, run: RefundRun, limit: int) -> list[OrderId]:
    """The next orders to be refunded; none when there are no more."""
    query = select(orders.c.id).where(orders.c.event_id == run.event_id, _TO_DO, ~orders.c.disputed)
    if run.cursor is not None:
        query = query.where(orders.c.id > run.cursor)
    return [row.id for row in await tx.all(query.order_by(orders.c.id).limit(limit))]


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
    )
