"""Show what an event sells."""

from common.capabilities import Capability, holds
from common.db import Transaction
from common.ids import TicketTierId
from common.principal import Principal
from events.actions.reach_event import readable_event, scope_of
from events.domain.event import Event
from events.errors import NoSuchTicketTier
from events.store import ticket_tiers
from events.store.ticket_tiers import OfferedTier


async def list_ticket_tiers(tx: Transaction, principal: Principal, reference: str) -> tuple[list[OfferedTier], Event]:
    """The tiers on offer; its team also sees those that were retired."""
    event = await readable_event(tx, principal, reference)
    team = holds(principal, Capability.EVENTS_EVENT_READ, scope_of(event))
    return await ticket_tiers.offered_tiers(tx, event.id, retired=team), event


async def read_ticket_tier(
    tx: Transaction, principal: Principal, reference: str, tier_id: TicketTierId
) -> tuple[OfferedTier, Event]:
    """One tier, retired or not: somebody may hold a pass of it."""
    event = await readable_event(tx, principal, reference)
    offered = await ticket_tiers.find_tier(tx, event.id, tier_id)
    if offered is None:
        raise NoSuchTicketTier()
    return offered, event
