"""Add a ticket tier to an event."""

from collections.abc import Callable

from common.db import Transaction
from common.ids import EventId
from common.principal import Principal
from events.actions.announce import tell_tiers_again, tier_message
from events.actions.fix_currency import fix_currency
from events.actions.reach_event import event_to_change
from events.domain.event import Event, require_open
from events.domain.ticket_tier import TicketTier, checked
from events.store import ticket_tiers


async def add_ticket_tier(
    tx: Transaction, principal: Principal, reference: str, make: Callable[[EventId], TicketTier]
) -> tuple[TicketTier, Event]:
    """Add the tier, and tell commerce at once, also while the event is a draft. The first price fixes the currency."""
    event = await event_to_change(tx, principal, reference)
    require_open(event)
    tier = checked(make(event.id))
    fixed = await fix_currency(tx, event, tier.price)
    if fixed is not event:
        await tell_tiers_again(tx, fixed)
    await ticket_tiers.add_ticket_tier(tx, tier, fixed.currency)
    tx.publish(tier_message(tier, fixed))
    return tier, fixed
