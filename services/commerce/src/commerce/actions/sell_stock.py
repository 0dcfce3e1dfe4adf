"""Turns what an order holds of the stock into what is sold: what is left stays the same."""

from commerce.domain.order import Order
from commerce.store import stock as stocks
from common.db import Transaction


async def sell_stock(tx: Transaction, order: Order) -> None:
    """The order was paid. The caller holds its lock; `order` is as it was before."""
    for tier, count in order.places().items():
        await stocks.sell_held(tx, tier, count)
