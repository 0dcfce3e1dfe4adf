"""Refunds the orders of cancelled events, each in a transaction of its own with how far the run is: stopped anywhere, the
next run goes on with what is left, and no order that cannot be refunded keeps the others waiting.

Once a run is over nobody walks its orders any more: one that becomes due later, as a bank no longer looks at it, is queued.
Locks are taken in the order run, order, queue.
"""

from dataclasses import replace

from commerce.actions.record_refunds import Cause
from commerce.actions.refund_order import refund_whole
from commerce.adapters.providers import reason_of
from commerce.domain.order import Order
from commerce.domain.refund_run import DueOrder, RefundRun, counted, failed, passed, swept
from commerce.domain.refunding import take_everything
from commerce.store import orders, refund_runs, snapshots
from commerce.store import refunds as refunds_store
from common.db import Database, Transaction
from common.ids import EventId, OrderId
from common.principal import SYSTEM
from common.telemetry import logger

log = logger("refunds")

PAGE = 200
REASON = "the event was cancelled"


async def refund_cancelled_events(database: Database) -> int:
    """Take every run that is due through a sweep over its orders, and look at those that are due beside it; how many were
    refunded."""
    async with database.transaction() as tx:
        runs = await refund_runs.due_runs(tx)
        late = await refund_runs.some_due(tx, PAGE)
    swept_up = [await _sweep(database, event_id) for event_id in runs]
    return sum(swept_up) + sum([await _refund_late(database, due) for due in late])


async def _sweep(database: Database, event_id: EventId) -> int:
    count, saw_all = 0, False
    while True:
        async with database.transaction() as tx:
            run = await refund_runs.lock_run(tx, event_id)
            if run is None:
                return count
            if run.cursor is None:
                run, saw_all = await _begun(tx, run)
            page = await refund_runs.some_of_run(tx, run, PAGE)
            if not page:
                await refund_runs.save_run(tx, swept(run, tx.now, saw_all=saw_all))
                return count
        for order_id in page:
            refunded = await _refund_next(database, event_id, order_id)
            if refunded is None:
                return count
            count += refunded


async def _begun(tx: Transaction, run: RefundRun) -> tuple[RefundRun, bool]:
    """The run at the beginning of a sweep, and whether that will meet every order.

    Whoever makes an order paid takes a lock, and with it a transaction id, before reading the event: with an id from after
    the first sweep it finds the event cancelled.
    """
    seen = await snapshots.look(tx)
    if run.horizon_xid is None:
        run = replace(run, horizon_xid=seen.next_xid)
        await refund_runs.save_run(tx, run)
    return run, run.sees_all(seen.oldest_running)


async def _refund_next(database: Database, event_id: EventId, order_id: OrderId) -> bool | None:
    """Whether the order was refunded. None when others work on the run: they go on from here, and whoever went on
    beside them would have them leave out what it only skipped."""
    try:
        async with database.transaction() as tx:
            run = await refund_runs.lock_run(tx, event_id)
            if run is None:
                return None
            refunded = await _refund(tx, run, order_id)
            await refund_runs.save_run(tx, passed(run, order_id, refunded=refunded))
            return refunded
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one order, the others are still to be refunded
        log.error("ALARM: an order of a cancelled event was not refunded", order=order_id, reason=reason_of(error))
    async with database.transaction() as tx:
        run = await refund_runs.lock_run(tx, event_id)
        if run is None:
            return None
        await refund_runs.look_again_later(tx, *failed(DueOrder(order_id, event_id), tx.now))
        await refund_runs.save_run(tx, passed(run, order_id, refunded=False))
    return False


async def _refund_late(database: Database, due: DueOrder) -> bool:
    """Whether an order was refunded that is looked at beside the walk. While others work on its run it waits."""
    try:
        async with database.transaction() as tx:
            run = await refund_runs.lock_run(tx, due.event_id)
            if run is None:
                return False
            refunded = await _refund(tx, run, due.order_id)
            await refund_runs.looked_at(tx, due.order_id)
            await refund_runs.save_run(tx, counted(run, refunded=refunded))
            return refunded
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one order, the others are still to be refunded
        log.error("ALARM: an order of a cancelled event was not refunded", order=due.order_id, reason=reason_of(error))
    async with database.transaction() as tx:
        await refund_runs.look_again_later(tx, *failed(due, tx.now))
    return False


async def _refund(tx: Transaction, run: RefundRun, order_id: OrderId) -> bool:
    """Tickets that were used go back as well: whoever was inside did not see it. False where it was refunded meanwhile."""
    order = await orders.lock_order(tx, order_id)
    if order is None or not _is_to_be_refunded(order):
        return False
    pots = await refunds_store.pots_of_order(tx, order.id)
    key = f"event_cancelled:{order.id}"
    cause = Cause("event_cancelled", REASON, SYSTEM.actor, forced=True, keeps_fees=run.keeps_fees, key=key)
    await refund_whole(tx, order, pots, take_everything(order, forced=True), cause)
    return True


def _is_to_be_refunded(order: Order) -> bool:
    return order.status in ("paid", "partially_refunded") and not order.disputed
