"""Ends orders that were not paid in time; their tickets go back on sale."""

from commerce.actions.announce import announce_order
from commerce.actions.release_stock import release_stock
from commerce.domain.order import expired
from commerce.store import orders, payments
from common.db import Database

AT_ONCE = 50
"""How many orders one transaction ends: stopped anywhere, the next run goes on with what is left."""


async def expire_orders(database: Database) -> int:
    """End every overdue order; how many."""
    count = 0
    while True:
        async with database.transaction() as tx:
            overdue = await orders.lock_some_overdue(tx, AT_ONCE)
            for order in overdue:
                after = expired(order)
                orders.save_order(tx, after)
                announce_order(tx, after)
            await payments.want_void(tx, [order.id for order in overdue])
            await release_stock(tx, overdue)
        count += len(overdue)
        if len(overdue) < AT_ONCE:
            return count
