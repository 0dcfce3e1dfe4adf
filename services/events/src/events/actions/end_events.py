"""Mark events that are over."""

from dataclasses import replace

from common.db import Database
from common.messages import EventUpdated
from events.actions.announce import event_message, tell_tiers_again
from events.store import events

_BATCH = 50


async def end_events(database: Database) -> int:
    """Set published events past their end to `ended`, a few in each transaction; how many."""
    ended = 0
    while True:
        async with database.transaction() as tx:
            found = await events.lock_some_past_their_end(tx, _BATCH)
            for before in found:
                event = replace(before, status="ended", version=before.version + 1)
                await events.save_event(tx, event)
                tx.publish(event_message(EventUpdated, event))
                await tell_tiers_again(tx, event)
        ended += len(found)
        if len(found) < _BATCH:
            return ended
