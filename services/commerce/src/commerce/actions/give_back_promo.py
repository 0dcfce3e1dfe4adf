"""Gives the uses of promo codes back, and what they took off to their budgets."""

from collections import defaultdict
from collections.abc import Iterable

from commerce.domain.order import Order
from commerce.domain.promo import UseOf, use_of
from commerce.store import promo_codes
from common.db import Transaction
from common.ids import PromoCodeId


async def give_back_promo(tx: Transaction, orders: Iterable[Order]) -> None:
    """These orders expired, were called off, or all of their money went back. Once: what has nothing gives nothing back.

    The caller holds the orders' locks; they are as they were before. Before their stock is released.
    """
    amounts: defaultdict[tuple[PromoCodeId, UseOf], list[int]] = defaultdict(list)
    for order in orders:
        use = use_of(order)
        if order.promo_code_id is not None and use is not None:
            amounts[order.promo_code_id, use].append(order.sums.discount.amount)
    for (promo, use), off in sorted(amounts.items()):
        await promo_codes.give_back(tx, promo, use, len(off), sum(off))
