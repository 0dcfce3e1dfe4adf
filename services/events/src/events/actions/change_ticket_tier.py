"""Change a ticket tier."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from common.db import Transaction
from common.ids import TicketTierId
from common.principal import Principal
from events.actions.announce import tell_tiers_again, tier_message
from events.actions.fix_currency import fix_currency
from events.actions.reach_event import event_to_change, require_version
from events.domain.event import Event, require_open
from events.domain.ticket_tier import TicketTier, checked
from events.errors import NoSuchTicketTier
from events.store import ticket_tiers


async def change_ticket_tier(
    tx: Transaction,
    principal: Principal,
    reference: str,
    tier_id: TicketTierId,
    changes: Mapping[str, Any],
    expected: int | None,
) -> tuple[TicketTier, Event]:
    """Set what `changes` names. Tickets sold before keep their price; a capacity below what is sold is commerce's matter."""
    event = await event_to_change(tx, principal, reference)
    before = await ticket_tiers.lock_ticket_tier(tx, event.id, tier_id)
    if before is None:
        raise NoSuchTicketTier()
    require_version(expected, before.version)
    require_open(event)
    if replace(before, **changes) == before:
        return before, event
    tier = checked(replace(before, **changes, version=before.version + 1))
    fixed = await fix_currency(tx, event, tier.price)
    await ticket_tiers.save_ticket_tier(tx, tier)
    if fixed is event:
        tx.publish(tier_message(tier, fixed))
        return tier, fixed
    await tell_tiers_again(tx, fixed)
    return replace(tier, version=tier.version + 1), fixed
