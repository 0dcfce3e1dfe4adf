"""What was last told of each event's doors, and marks for those that have moved since.

A mark is a row of its own, so that gates that scan at the same time do not wait for one another.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import EventId
from events.store.passes import DoorCount
from events.tables import door_counts, door_marks

_MARK_IF_COUNTED = insert(door_marks).from_select(
    ["event_id"], select(door_counts.c.event_id).where(door_counts.c.event_id == bindparam("event"))
)


@dataclass(frozen=True, slots=True)
class ToldCount:
    """A count as others are told of it."""

    event_id: EventId
    sequence: int
    count: DoorCount
    counted_at: datetime


async def mark_moved(tx: Transaction, event_id: EventId) -> None:
    """Somebody went through a door."""
    await tx.execute(insert(door_marks).values(event_id=event_id))


def mark_if_counted(tx: Transaction, event_id: EventId) -> None:
    """How many may enter has changed, once this commits: that is told of doors that have opened, and of no others."""
    tx.post(_MARK_IF_COUNTED, {"event": event_id})


async def take_moved(tx: Transaction, quiet_since: datetime) -> list[EventId]:
    """The events whose doors have moved and were not counted since then; their marks go.

    A mark whose transaction has not committed yet is not seen, and stays for the next time.
    """
    counted_lately = exists().where(
        door_counts.c.event_id == door_marks.c.event_id, door_counts.c.counted_at > quiet_since
    )
    taken = delete(door_marks).where(~counted_lately).returning(door_marks.c.event_id)
    return sorted({row.event_id for row in await tx.all(taken)})


async def save_count(tx: Transaction, event_id: EventId, count: DoorCount) -> ToldCount | None:
    """Keep a count; None when it is the one that was told last."""
    values = {"issued": count.issued, "admitted": count.admitted, "inside": count.inside, "counted_at": tx.now}
    statement = insert(door_counts).values(event_id=event_id, sequence=1, **values)
    differs = or_(
        *(door_counts.c[name].is_distinct_from(value) for name, value in values.items() if name != "counted_at")
    )
    statement = statement.on_conflict_do_update(
        constraint="pk_door_counts", set_={**values, "sequence": door_counts.c.sequence + 1}, where=differs
    )
    row = (await tx.execute(statement.returning(door_counts.c.sequence))).first()
    return None if row is None else ToldCount(event_id, row.sequence, count, tx.now)


async def told_count(tx: Transaction, event_id: EventId) -> ToldCount | None:
    """What was last told of an event's doors."""
    row = await tx.one(select(door_counts).where(door_counts.c.event_id == event_id))
    if row is None:
        return None
    return ToldCount(event_id, row.sequence, DoorCount(row.issued, row.admitted, row.inside), row.counted_at)
