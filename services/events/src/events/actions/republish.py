"""Say the present state of every event, tier, pass and door again, so that others can rebuild their copies.

Sequences stay as they are: a copy that is up to date drops all of it. A live pass is told as `pass.updated`, because
`pass.issued` would mail attendees again.
"""

from common.db import Transaction
from common.messages import EventCancelled, EventPublished, EventUpdated, PassUpdated, PassVoided
from events.actions.announce import check_in_message, door_message, event_message, pass_message, tier_message
from events.domain.event import Event
from events.store import check_ins, door_counts, events, passes, ticket_tiers

_BATCH = 500


async def republish(tx: Transaction) -> int:
    """Put the state of everything in the outbox; how many messages. Drafts are told by their tiers alone."""
    before = len(tx.messages)
    last = None
    while batch := await events.events_after(tx, last, _BATCH):
        for event in batch:
            await _republish_event(tx, event)
        last = batch[-1].id
    return len(tx.messages) - before


async def _republish_event(tx: Transaction, event: Event) -> None:
    if event.status == "cancelled":
        tx.publish(event_message(EventCancelled, event))
    elif event.status == "ended":
        tx.publish(event_message(EventUpdated, event))
    elif event.status == "published":
        tx.publish(event_message(EventPublished, event))
    offered = await ticket_tiers.offered_tiers(tx, event.id, retired=True)
    for each in offered:
        tx.publish(tier_message(each.tier, event))
    if (told := await door_counts.told_count(tx, event.id)) is not None:
        tx.publish(door_message(told, event))
    await _republish_passes(tx, event, {each.tier.id: each.tier.name for each in offered})


async def _republish_passes(tx: Transaction, event: Event, names: dict[str, str]) -> None:
    last = None
    while batch := await passes.passes_after(tx, event.id, last, _BATCH):
        passages = await check_ins.last_passages(tx, [entry.id for entry in batch])
        for entry in batch:
            name = names[entry.ticket_tier_id]
            kind = PassVoided if entry.status == "voided" else PassUpdated
            tx.publish(pass_message(kind, entry, event, name))
            if entry.id in passages:
                tx.publish(check_in_message(passages[entry.id], entry))
        last = batch[-1].id
