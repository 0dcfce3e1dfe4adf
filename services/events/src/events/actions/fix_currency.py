"""Fix an event's currency when its first price is named."""

from dataclasses import replace

from common.db import Transaction
from common.messages import EventUpdated
from common.money import Money
from events.actions.announce import event_message
from events.domain.event import Event
from events.domain.ticket_tier import currency_after
from events.store import events


async def fix_currency(tx: Transaction, event: Event, price: Money) -> Event:
    """The event, with its currency if this price is its first; refuses a price in another. The event is locked."""
    currency = currency_after(event.currency, price)
    if currency == event.currency:
        return event
    fixed = replace(event, currency=currency, version=event.version + 1)
    await events.save_event(tx, fixed)
    if fixed.is_public:
        tx.publish(event_message(EventUpdated, fixed))
    return fixed
