"""Shows what went back for an order: to its buyer, and to staff who may read orders."""

from commerce.actions.read_orders import read_order
from commerce.domain.refund import Refund
from commerce.store import refunds
from common.db import Transaction
from common.ids import OrderId
from common.principal import Principal


async def list_refunds(tx: Transaction, principal: Principal, order_id: OrderId) -> list[Refund]:
    """All refunds of an order, oldest first. Raises UnknownOrder."""
    order, _ = await read_order(tx, principal, order_id)
    return await refunds.refunds_of_order(tx, order.id)
