"""Turns what an order holds of the stock, and of its promo code, into what is sold and used: what is left stays the same."""

from commerce.actions.move_stock import sell_held
from commerce.actions.use_promo import use_promo
from commerce.domain.order import Order
from common.db import Transaction


async def sell_stock(tx: Transaction, order: Order) -> None:
    """The order was paid. The caller holds its lock; `order` is as it was before. The stock changes as this commits."""
    await use_promo(tx, order)
    sell_held(tx, order.event_id, order.goods())
