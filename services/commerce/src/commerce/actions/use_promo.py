"""Turns what an order holds of a promo code into what is used: what is left of it stays the same."""

from commerce.domain.order import Order
from commerce.domain.promo import use_of
from commerce.store import promo_codes
from common.db import Transaction


async def use_promo(tx: Transaction, order: Order) -> None:
    """The order was paid. The caller holds its lock; `order` is as it was before. Before its stock is sold."""
    if order.promo_code_id is not None and use_of(order) == "held":
        await promo_codes.use_held(tx, order.promo_code_id, order.sums.discount.amount)
