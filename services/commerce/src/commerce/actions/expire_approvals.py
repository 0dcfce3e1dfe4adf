"""Ends orders that no organiser decided in time, or whose event is over or was called off, so that nobody can approve them
any more: cards are let go of, places go back."""

from commerce.actions.announce import announce_order
from commerce.actions.release_stock import release_stock
from commerce.domain.order import Order, expired
from commerce.store import approvals, orders, payments
from common.db import Database, Transaction
from common.ids import OrderId

AT_ONCE = 50
"""How many orders one transaction ends: stopped anywhere, the next run goes on with what is left."""


async def expire_approvals(database: Database) -> int:
    """End every order that can be approved no more; how many."""
    count = 0
    while True:
        async with database.transaction() as tx:
            ids = await approvals.lock_some_undecided(tx, AT_ONCE)
            overdue = [order for order_id in ids if (order := await _undecided(tx, order_id)) is not None]
            for order in overdue:
                after = expired(order)
                orders.save_order(tx, after)
                announce_order(tx, after)
            if overdue:
                await payments.want_void(tx, [order.id for order in overdue])
                await release_stock(tx, overdue)
        count += len(ids)
        if len(ids) < AT_ONCE:
            return count


async def _undecided(tx: Transaction, order_id: OrderId) -> Order | None:
    """The order, looked at once more under its lock: a decision leaves the order's row as it was, so a statement that began
    before it may lock what was decided meanwhile."""
    if await approvals.find_decision(tx, order_id) is not None:
        return None
    order = await orders.find_order(tx, order_id)
    return order if order is not None and order.status == "awaiting_approval" else None
