"""Hears that somebody verified an address: passes bought for it are theirs."""

from common.db import Transaction
from common.ids import EventId, TicketTierId
from common.messages import PassUpdated, UserCreated, UserUpdated
from events.actions.announce import pass_message
from events.domain.entry_pass import address
from events.domain.event import Event
from events.store import copies, events, passes, ticket_tiers


async def attach_passes(tx: Transaction, message: UserCreated | UserUpdated) -> None:
    """Keep who verified which address, and give waiting passes their holder. Passes once given stay given."""
    verified = address(message.email)
    copies.lock_addresses(tx, [verified])
    values = {"id": message.user_id, "email": verified, "sequence": message.sequence}
    if not await copies.save_user(tx, values):
        return
    known: dict[EventId, tuple[Event, dict[TicketTierId, str]]] = {}
    for entry in await passes.attach(tx, verified, message.user_id):
        if entry.event_id not in known:
            event = await events.find_event(tx, entry.event_id)
            assert event is not None, "a pass has an event by foreign key"
            known[entry.event_id] = event, await ticket_tiers.tier_names(tx, entry.event_id)
        event, names = known[entry.event_id]
        tx.publish(pass_message(PassUpdated, entry, event, names[entry.ticket_tier_id]))
