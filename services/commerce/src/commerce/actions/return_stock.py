"""Gives sold places and add-ons back: they were refunded, and are for sale again."""

from collections.abc import Mapping

from commerce.actions.move_stock import move_stock
from commerce.domain.order import Order
from commerce.domain.stock import Goods
from common.db import Transaction
from common.ids import AddOnId, TicketTierId


async def return_sold(
    tx: Transaction, order: Order, tickets: Mapping[TicketTierId, int], add_ons: Mapping[AddOnId, int]
) -> None:
    """Return so many of each. The caller holds the order's lock and has marked the same admissions and add-ons there."""
    assert order.holding == "sold", "only what was sold comes back"
    returned = Goods(
        {tier: -count for tier, count in tickets.items()}, {add_on: -count for add_on, count in add_ons.items()}
    )
    await move_stock(tx, "sold", returned)
