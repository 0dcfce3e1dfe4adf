"""Calls an unpaid order off, by its buyer."""

from commerce.actions.announce import announce_order
from commerce.actions.release_stock import release_stock
from commerce.domain.order import Order, cancelled
from commerce.errors import UnknownOrder
from commerce.store import orders
from common.db import Transaction
from common.ids import OrderId
from common.principal import Principal


async def cancel_order(tx: Transaction, principal: Principal, order_id: OrderId) -> Order:
    """Give the places back at once. An order cancelled before is answered as it is."""
    buyer = principal.require_user()
    order = await orders.lock_order(tx, order_id)
    if order is None or order.buyer_user_id != buyer:
        raise UnknownOrder()
    if order.status == "cancelled":
        return order
    after = cancelled(order)
    await orders.save_order(tx, after)
    await release_stock(tx, [order])
    announce_order(tx, after)
    return after
