"""Copies of what other services say. A message older than what is held changes nothing."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Row, Table, func, select, update
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import EventId
from wallet.domain.pass_copy import PassCopy
from wallet.tables import events, organizations, passes, ticket_tiers

Values = dict[str, Any]


async def save_organization(transaction: Transaction, values: Values) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(transaction, organizations, values)


async def save_event(transaction: Transaction, values: Values) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(transaction, events, values)


async def save_ticket_tier(transaction: Transaction, values: Values) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(transaction, ticket_tiers, values)


async def save_pass(transaction: Transaction, copy: PassCopy, *, awaits_event: bool) -> bool:
    """Make our copy equal to the message and lock its row. False when what we hold is as new."""
    return await _save(transaction, passes, {**asdict(copy), "awaits_event": awaits_event})


async def lock_event(transaction: Transaction, event_id: EventId, *, alone: bool) -> None:
    """Order what is done with an event and its passes until this transaction ends.

    An event arrives `alone`, its passes arrive beside one another. Without this, an event and its first pass that
    arrive at the same moment would each miss the other, and no wallet pass would be made. A row lock cannot do it:
    the row may not exist yet.
    """
    lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
    await transaction.execute(select(lock(func.hashtextextended(f"event {event_id}", 0))))


async def status_of_event(transaction: Transaction, event_id: EventId) -> str | None:
    """The status of an event; None when we have not heard of it."""
    status: str | None = await transaction.scalar(select(events.c.status).where(events.c.id == event_id))
    return status


async def take_waiting_passes(
    transaction: Transaction, limit: int, event_id: EventId | None = None
) -> list[tuple[PassCopy, str]]:
    """Up to `limit` passes that waited for their event, which is known now, with its status. They wait no longer."""
    chosen = (
        select(passes.c.id)
        .join(events, events.c.id == passes.c.event_id)
        .where(passes.c.awaits_event)
        .limit(limit)
        .with_for_update(of=passes, skip_locked=True)
    )
    if event_id is not None:
        chosen = chosen.where(passes.c.event_id == event_id)
    taken = (
        update(passes)
        .where(passes.c.id.in_(chosen), events.c.id == passes.c.event_id)
        .values(awaits_event=False)
        .returning(*(passes.c[field.name] for field in fields(PassCopy)), events.c.status.label("event_status"))
    )
    rows = (await transaction.execute(taken)).all()
    return [(_pass_copy(row), row.event_status) for row in rows]


async def _save(transaction: Transaction, table: Table, values: Values) -> bool:
    statement = insert(table).values(**values, changed_at=transaction.now)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name != "id"}
    statement = statement.on_conflict_do_update(
        index_elements=["id"], set_=changed, where=table.c.sequence < statement.excluded.sequence
    )
    return await transaction.scalar(statement.returning(table.c.id)) is not None


def _pass_copy(row: Row[Any]) -> PassCopy:
    return PassCopy(**{field.name: getattr(row, field.name) for field in fields(PassCopy)})
