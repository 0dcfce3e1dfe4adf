"""Tell how the doors stand that have moved, at most once a second for each event.

Each passage leaves a mark in its own transaction; counting takes the marks and tells the count in one transaction. So the
last count is always told, whoever is killed when: a mark goes only with a count that was made after it.
"""

from datetime import timedelta

from common.db import Database
from events.actions.announce import door_message
from events.store import door_counts, events, passes

AT_MOST_EVERY = timedelta(seconds=1)


async def count_doors(database: Database) -> int:
    """Count what has moved; how many events were told of."""
    async with database.transaction() as tx:
        moved = await door_counts.take_moved(tx, tx.now - AT_MOST_EVERY)
        of = await events.find_events(tx, set(moved))
        for event_id in moved:
            told = await door_counts.save_count(tx, event_id, await passes.door_count(tx, event_id))
            if told is not None:
                tx.publish(door_message(told, of[event_id]))
        return len(tx.messages)
