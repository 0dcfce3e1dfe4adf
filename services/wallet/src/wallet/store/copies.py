"""Copies of what other services say. A message older than what is held changes nothing."""

from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import Executable, Row, Table, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import EventId, PassId
from common.postgres import Asked
from wallet.domain.pass_copy import PassCopy
from wallet.tables import events, organizations, passes, ticket_tiers

Values = dict[str, Any]

_KEY = func.hashtextextended(bindparam("event", type_=Text), 0)
_LOCK_ALONE = select(func.pg_advisory_xact_lock(_KEY))
_LOCK_BESIDE_OTHERS = select(func.pg_advisory_xact_lock_shared(_KEY))
_STATUS_OF_EVENT = select(events.c.status).where(events.c.id == bindparam("event"))
_AWAIT_EVENT = update(passes).where(passes.c.id == bindparam("pass")).values(awaits_event=True)
_COPIED = tuple(field.name for field in fields(PassCopy))


async def save_organization(transaction: Transaction, values: Values) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(transaction, organizations, values)


async def save_event(transaction: Transaction, values: Values) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(transaction, events, values)


async def save_ticket_tier(transaction: Transaction, values: Values) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(transaction, ticket_tiers, values)


async def save_pass(transaction: Transaction, copy: PassCopy) -> bool:
    """Make our copy equal to the message and lock its row. False when what we hold is as new."""
    return await _save(transaction, passes, {**{name: getattr(copy, name) for name in _COPIED}, "awaits_event": False})


def await_event(transaction: Transaction, pass_id: PassId) -> None:
    """Record, as this commits, that a pass waits for its event."""
    transaction.post(_AWAIT_EVENT, {"pass": pass_id})


def lock_event(transaction: Transaction, event_id: EventId, *, alone: bool) -> None:
    """Order what is done with an event and its passes, from the next statement of this transaction until it ends.

    An event arrives `alone`, its passes arrive beside one another. Without this, an event and its first pass that
    arrive at the same moment would each miss the other, and no wallet pass would be made. A row lock cannot do it:
    the row may not exist yet.
    """
    transaction.post(_LOCK_ALONE if alone else _LOCK_BESIDE_OTHERS, {"event": f"event {event_id}"})


def ask_status_of_event(transaction: Transaction, event_id: EventId) -> Asked[str | None]:
    """The status of an event; None when we have not heard of it."""
    return transaction.ask(_STATUS_OF_EVENT, {"event": event_id}, lambda found: found.scalar())


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
        .returning(*(passes.c[name] for name in _COPIED), events.c.status.label("event_status"))
    )
    rows = (await transaction.execute(taken)).all()
    return [(_pass_copy(row), row.event_status) for row in rows]


async def _save(transaction: Transaction, table: Table, values: Values) -> bool:
    return await transaction.scalar(_saving(table), {**values, "changed_at": transaction.now}) is not None


@cache
def _saving(table: Table) -> Executable:
    statement = insert(table)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name != "id"}
    return statement.on_conflict_do_update(
        index_elements=["id"], set_=changed, where=table.c.sequence < statement.excluded.sequence
    ).returning(table.c.id)


def _pass_copy(row: Row[Any]) -> PassCopy:
    return PassCopy(**{name: getattr(row, name) for name in _COPIED})
