"""Calls an order off, by its buyer: one that is not paid yet, also while it waits for the organiser, and a paid one under
the terms shown before."""

from commerce.actions.announce import announce_order
from commerce.actions.cancel_paid_order import cancel_paid_order
from commerce.actions.release_stock import release_stock
from commerce.domain.order import Order, cancelled
from commerce.errors import OrderNotAwaitingPayment, UnknownOrder
from commerce.store import approvals, orders, payments
from common.db import Transaction
from common.ids import OrderId
from common.principal import Principal


async def cancel_order(tx: Transaction, principal: Principal, order_id: OrderId) -> Order:
    """Give the places back at once. An order cancelled before, or given back, is answered as it is."""
    buyer = principal.require_user()
    order = await orders.lock_order(tx, order_id)
    if order is None or order.buyer_user_id != buyer:
        raise UnknownOrder()
    if order.status in ("cancelled", "refunded"):
        return order
    if order.status in ("paid", "partially_refunded"):
        return await cancel_paid_order(tx, principal, order)
    if order.status == "awaiting_approval" and await approvals.find_decision(tx, order_id) is not None:
        raise OrderNotAwaitingPayment(status=order.status)
    after = cancelled(order)
    orders.save_order(tx, after)
    await payments.want_void(tx, [order.id])
    await release_stock(tx, [order])
    announce_order(tx, after)
    return after
