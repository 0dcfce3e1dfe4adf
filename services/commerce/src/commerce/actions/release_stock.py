"""Gives the places and promo codes of unpaid orders back."""

from collections import Counter
from collections.abc import Sequence

from commerce.actions.give_back_promo import give_back_promo
from commerce.actions.move_stock import move_stock
from commerce.domain.order import Order
from commerce.domain.stock import Goods
from common.db import Transaction
from common.ids import AddOnId, TicketTierId


async def release_stock(tx: Transaction, orders: Sequence[Order]) -> None:
    """Return what these orders hold, one statement for each thing. The caller holds the orders' locks."""
    await give_back_promo(tx, orders)
    tiers: Counter[TicketTierId] = Counter()
    add_ons: Counter[AddOnId] = Counter()
    for order in orders:
        goods = order.goods()
        tiers.subtract(goods.tiers)
        add_ons.subtract(goods.add_ons)
    await move_stock(tx, "held", Goods(tiers, add_ons))
