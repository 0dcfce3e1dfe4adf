"""What the gateways are told of sign-ins that ended and rights that changed: leases and drops.

Drops are numbered in the order in which they commit: whoever writes one holds a lock until the transaction ends, so a
gateway that has seen a position has seen everything before it. Writing them is therefore the last thing a transaction does.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from common.db import Transaction
from common.session_feed import Drop
from identity.tables import gateway_leases, session_drops

KEPT = timedelta(minutes=10)
"""A replica whose lease lapsed forgets everything anyway, so only the last seconds ever matter."""


_OVER = timedelta(0)


async def insert_drops(tx: Transaction, keys: Iterable[str]) -> None:
    """Write down what the gateways must forget."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("session drops", 0))))
    await tx.execute(insert(session_drops), [{"key": key, "created_at": tx.now} for key in keys])


async def drops_since(tx: Transaction, position: int) -> list[Drop]:
    """Every drop after a position, in order."""
    query = select(session_drops).where(session_drops.c.position > position).order_by(session_drops.c.position)
    return [Drop(position=row.position, key=row.key) for row in await tx.all(query)]


async def renew_lease(tx: Transaction, replica: str, lease: timedelta) -> None:
    """Remember until when a replica may answer from its cache: `lease` from now by the database's clock."""
    statement = upsert(gateway_leases).values(replica=replica, ends_at=func.clock_timestamp() + lease)
    later = {"ends_at": func.greatest(gateway_leases.c.ends_at, statement.excluded.ends_at)}
    await tx.execute(statement.on_conflict_do_update(constraint="pk_gateway_leases", set_=later))


async def leases(tx: Transaction) -> dict[str, timedelta]:
    """Replica → how long its lease still holds, for those whose lease does.

    The database's clock alone counts: it set the ends, and identity's processes may disagree about the time.
    """
    left = (gateway_leases.c.ends_at - func.clock_timestamp()).label("left")
    return {row.replica: row.left for row in await tx.all(select(gateway_leases.c.replica, left)) if row.left > _OVER}


async def forget_old(tx: Transaction) -> int:
    """Delete drops and leases that matter to nobody any more; how many."""
    drops = await tx.execute(delete(session_drops).where(session_drops.c.created_at < tx.now - KEPT))
    lapsed = await tx.execute(delete(gateway_leases).where(gateway_leases.c.ends_at < tx.now - KEPT))
    return drops.rowcount + lapsed.rowcount
