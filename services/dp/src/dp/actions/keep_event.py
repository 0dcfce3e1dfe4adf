"""Keep dp's copy of an event equal to what events says about it."""

from common.db import Transaction
from common.messages import EventCancelled, EventPublished, EventUpdated
from dp.domain.gathering import Gathering
from dp.store.events import keep_event as save_event


async def keep_event(tx: Transaction, message: EventPublished | EventUpdated | EventCancelled) -> None:
    """Take over the state in the message, unless a newer one is here already."""
    venue = message.venue
    event = Gathering(
        id=message.event_id,
        organization_id=message.organization_id,
        workspace_id=message.workspace_id,
        name=message.name,
        slug=message.slug,
        status=message.status,
        starts_at=message.starts_at,
        ends_at=message.ends_at,
        timezone=message.timezone,
        venue_name=venue.name if venue else None,
        city=venue.city if venue else None,
    )
    await save_event(tx, event, message.sequence)
