"""Which transactions still run: whoever must have seen all that older ones wrote waits until none of those is left.

Source: PostgreSQL, "System Information Functions", `pg_snapshot`.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Text, cast, func, select

from common.db import Transaction

_SNAPSHOT: Final = func.pg_current_snapshot()
OLDEST_RUNNING: Final = cast(cast(func.pg_snapshot_xmin(_SNAPSHOT), Text), BigInteger).label("oldest_running")
NEXT_XID: Final = cast(cast(func.pg_snapshot_xmax(_SNAPSHOT), Text), BigInteger).label("next_xid")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The oldest transaction that runs, and the next one's id."""

    oldest_running: int
    next_xid: int


async def look(tx: Transaction) -> Snapshot:
    """As it is now. What is read after this sees all that ended before `oldest_running`."""
    row = (await tx.execute(select(OLDEST_RUNNING, NEXT_XID))).one()
    return Snapshot(row.oldest_running, row.next_xid)
