"""Keeps the places of an unpaid order longer, for a buyer who needs the time."""

from commerce.actions.announce import announce_order
from commerce.domain.order import Order, extended
from commerce.errors import UnknownOrder
from commerce.store import orders, sale_settings
from common.db import Transaction
from common.ids import OrderId
from common.principal import Principal


async def extend_order(tx: Transaction, principal: Principal, order_id: OrderId) -> Order:
    """As long again from now as a new order would have. Raises what `extended` raises, and UnknownOrder."""
    buyer = principal.require_user()
    order = await orders.lock_order(tx, order_id)
    if order is None or order.buyer_user_id != buyer:
        raise UnknownOrder()
    settings = await sale_settings.settings_of_event(tx, order.event_id)
    after = extended(order, settings.hold, tx.now)
    if after == order:
        return order
    orders.save_order(tx, after)
    announce_order(tx, after)
    return after
