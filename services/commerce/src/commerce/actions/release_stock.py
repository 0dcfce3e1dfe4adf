"""Gives the places of unpaid orders back."""

from collections import Counter
from collections.abc import Iterable

from commerce.actions.tell_availability import tell_availability
from commerce.domain.order import Order, in_lock_order
from commerce.store import stock as stocks
from common.db import Transaction
from common.ids import TicketTierId


async def release_stock(tx: Transaction, orders: Iterable[Order]) -> None:
    """Return what these orders hold, one statement a tier. The caller holds the orders' locks."""
    counts: Counter[TicketTierId] = Counter()
    for order in orders:
        counts.update(order.places())
    for tier in in_lock_order(counts):
        await tell_availability(tx, await stocks.release_held(tx, tier, counts[tier]))
