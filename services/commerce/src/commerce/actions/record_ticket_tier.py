"""Hears of a ticket tier: stock is ours from then on, also while its event is a draft."""

from commerce.actions.tell_availability import tell_availability
from commerce.domain.sale import TicketTier
from commerce.store import copies, event_capacity, waiting
from commerce.store import stock as stocks
from common.db import Transaction
from common.messages import TicketTierSaved
from common.money import Money


async def record_ticket_tier(tx: Transaction, message: TicketTierSaved) -> None:
    """Keep our copy and follow its capacity. What is held or sold stays so, however low the capacity becomes."""
    tier = TicketTier(
        id=message.ticket_tier_id,
        event_id=message.event_id,
        name=message.name,
        price=None if message.price is None else Money(message.price.amount, message.price.currency),
        sales_start_at=message.sales_start_at,
        sales_end_at=message.sales_end_at,
        min_per_order=message.min_per_order,
        max_per_order=message.max_per_order,
        retired=message.retired,
    )
    if await copies.save_ticket_tier(tx, tier, message.sequence):
        await event_capacity.change_alone(tx, tier.event_id)
        await stocks.set_capacity(tx, tier.id, tier.event_id, message.capacity)
        stock = await waiting.count_anew(tx, tier.id)
        await tell_availability(tx, stock, await event_capacity.lock(tx, tier.event_id) if stock.shared else None)
