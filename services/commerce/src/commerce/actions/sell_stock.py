"""Turns what an order holds of the stock, and of its promo code, into what is sold and used: what is left stays the same."""

from commerce.actions.move_stock import move_stock
from commerce.actions.use_promo import use_promo
from commerce.domain.order import Order
from common.db import Transaction


async def sell_stock(tx: Transaction, order: Order) -> None:
    """The order was paid. The caller holds its lock; `order` is as it was before."""
    await use_promo(tx, order)
    await move_stock(tx, "held_to_sold", order.goods())
