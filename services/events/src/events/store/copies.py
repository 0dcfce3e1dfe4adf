"""Copies of what other services say. A message older than what is held changes nothing."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import UserId
from events.tables import availabilities, orders, users


async def save_order(tx: Transaction, values: dict[str, Any]) -> bool:
    """Make our copy equal to the message and lock its row. False when what we hold is as new."""
    return await _save(tx, orders, "id", values)


async def save_user(tx: Transaction, values: dict[str, Any]) -> bool:
    """Make our copy equal to the message and lock its row. False when what we hold is as new."""
    return await _save(tx, users, "id", {**values, "heard_at": tx.now})


async def save_availability(tx: Transaction, values: dict[str, Any]) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(tx, availabilities, "ticket_tier_id", values)


async def lock_addresses(tx: Transaction, addresses: Collection[str]) -> None:
    """Let one transaction at a time match users and passes of an address.

    A user and a pass for the same address that arrive at the same moment would each miss the other, and the pass would
    never get its holder. Rows cannot be locked for this: they may not exist yet. Sorted, so that nobody deadlocks.
    """
    for address in sorted(set(addresses)):
        key = func.hashtextextended(f"address {address}", 0)
        await tx.execute(select(func.pg_advisory_xact_lock(key)))


async def users_by_address(tx: Transaction, addresses: Collection[str]) -> dict[str, UserId]:
    """Who verified which of these addresses; of two we heard of, the later one."""
    query = select(users.c.email, users.c.id).where(users.c.email.in_(addresses)).order_by(users.c.heard_at)
    return {row.email: row.id for row in await tx.all(query)}


async def _save(tx: Transaction, table: Table, key: str, values: dict[str, Any]) -> bool:
    statement = insert(table).values(**values)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name != key}
    statement = statement.on_conflict_do_update(
        index_elements=[key], set_=changed, where=table.c.sequence < statement.excluded.sequence
    )
    return await tx.scalar(statement.returning(table.c[key])) is not None
