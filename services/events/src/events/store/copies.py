"""Copies of what other services say. A message older than what is held changes nothing."""

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Executable, Table, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import UserId
from common.postgres import Asked
from events.tables import availabilities, orders, users

_LOCK_ADDRESS = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("address", type_=Text), 0)))
_USERS_BY_ADDRESS = (
    select(users.c.email, users.c.id)
    .where(users.c.email == any_(bindparam("addresses", type_=ARRAY(Text))))
    .order_by(users.c.heard_at)
)


def ask_save_order(tx: Transaction, values: dict[str, Any]) -> Asked[bool]:
    """Make our copy equal to the message and lock its row, ahead of the next statement. False when what we hold is as new."""
    return tx.ask(_saving(orders, "id"), values, lambda saved: saved.first() is not None)


async def save_user(tx: Transaction, values: dict[str, Any]) -> bool:
    """Make our copy equal to the message and lock its row. False when what we hold is as new."""
    return await _save(tx, users, "id", {**values, "heard_at": tx.now})


async def save_availability(tx: Transaction, values: dict[str, Any]) -> bool:
    """Make our copy equal to the message. False when what we hold is as new."""
    return await _save(tx, availabilities, "ticket_tier_id", values)


def lock_addresses(tx: Transaction, addresses: Collection[str]) -> None:
    """Let one transaction at a time match users and passes of an address, from its next statement on.

    A user and a pass for the same address that arrive at the same moment would each miss the other, and the pass would
    never get its holder. Rows cannot be locked for this: they may not exist yet. Sorted, so that nobody deadlocks.
    """
    for address in sorted(set(addresses)):
        tx.post(_LOCK_ADDRESS, {"address": f"address {address}"})


def ask_users_by_address(tx: Transaction, addresses: Collection[str]) -> Asked[dict[str, UserId]]:
    """Who verified which of these addresses; of two we heard of, the later one."""
    given = {"addresses": list(addresses)}
    return tx.ask(_USERS_BY_ADDRESS, given, lambda found: {row.email: row.id for row in found})


async def _save(tx: Transaction, table: Table, key: str, values: dict[str, Any]) -> bool:
    return await tx.scalar(_saving(table, key), values) is not None


@cache
def _saving(table: Table, key: str) -> Executable:
    statement = insert(table)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name != key}
    return statement.on_conflict_do_update(
        index_elements=[key], set_=changed, where=table.c.sequence < statement.excluded.sequence
    ).returning(table.c[key])
