"""Make an event public."""

from common.db import Transaction
from common.ids import EventId
from common.messages import EventPublished
from common.principal import Principal
from events.actions.announce import event_message, tell_tiers_again
from events.actions.reach_event import event_to_change
from events.domain.event import Event, published
from events.store import events


async def publish_event(tx: Transaction, principal: Principal, event_id: EventId | str) -> Event:
    """Publish a draft, and tell commerce that its tiers may be sold. Again: nothing changes and nothing is said."""
    before = await event_to_change(tx, principal, event_id)
    event = published(before, tx.now)
    if event is not before:
        await events.save_event(tx, event)
        tx.publish(event_message(EventPublished, event))
        await tell_tiers_again(tx, event)
    return event
