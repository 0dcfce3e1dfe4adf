"""Call an event off."""

from common.db import Transaction
from common.ids import EventId
from common.messages import EventCancelled
from common.principal import Principal
from events.actions.announce import event_message, tell_tiers_again
from events.actions.reach_event import event_to_change
from events.domain.event import Event, cancelled
from events.store import events


async def cancel_event(tx: Transaction, principal: Principal, event_id: EventId | str) -> Event:
    """Cancel for good. The passes stay as they are: everyone who holds something for the event acts on this one message.

    Again: nothing changes and nothing is said.
    """
    before = await event_to_change(tx, principal, event_id)
    event = cancelled(before)
    if event is not before:
        await events.save_event(tx, event)
        tx.publish(event_message(EventCancelled, event))
        await tell_tiers_again(tx, event)
    return event
