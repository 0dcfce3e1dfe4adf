"""How far the outbox was told on to organisers' systems.

A position is drawn before its transaction commits, so a lower one may appear after a higher one was seen: whoever simply
read on from the highest would miss it. Therefore the reader remembers a horizon, the highest position it sees, together
with the transaction id that was next at that moment. Once every older transaction has ended, whatever there will ever be
up to the horizon is there, and it is read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import cast, func, select, update
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.engine import Row

from commerce.store.snapshots import NEXT_XID, OLDEST_RUNNING
from commerce.tables import webhook_cursor
from common.db import Transaction
from common.house_tables import outbox
from common.ids import MessageId, OrganizationId


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to `position` was told on; up to `horizon` may be, once no transaction before `horizon_xid` runs."""

    position: int
    horizon: int
    horizon_xid: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What is to be seen at one moment: the newest position, the oldest transaction that runs, and the next one's id."""

    newest: int
    oldest_running: int
    next_xid: int


@dataclass(frozen=True, slots=True)
class Said:
    """A row of the outbox."""

    position: int
    message_id: MessageId
    type: str
    body: str
    at: datetime


_SIGHT: Final = select(func.coalesce(func.max(outbox.c.position), 0).label("newest"), OLDEST_RUNNING, NEXT_XID)


async def take_cursor(tx: Transaction) -> Cursor | None:
    """The cursor, locked. None while another replica works with it."""
    row = await tx.one(select(webhook_cursor).with_for_update(skip_locked=True))
    return None if row is None else Cursor(row.position, row.horizon, row.horizon_xid)


async def look(tx: Transaction) -> Sight:
    """What is to be seen now."""
    row = (await tx.execute(_SIGHT)).one()
    return Sight(row.newest, row.oldest_running, row.next_xid)


async def said_between(
    tx: Transaction, after: int, until: int, types: Collection[str], of: Collection[OrganizationId], limit: int
) -> Sequence[Said]:
    """What was said of these organisations beyond `after` and up to `until`, in the order it was written."""
    organization = cast(outbox.c.body, JSON)["organizationId"].astext
    query = (
        select(outbox.c.position, outbox.c.message_id, outbox.c.type, outbox.c.body, outbox.c.created_at)
        .where(outbox.c.position > after, outbox.c.position <= until, outbox.c.type.in_(types))
        .where(organization.in_([str(one) for one in of]))
        .order_by(outbox.c.position)
        .limit(limit)
    )
    return [_said(row) for row in await tx.all(query)]


async def save_cursor(tx: Transaction, cursor: Cursor) -> None:
    """Write it."""
    values = {"position": cursor.position, "horizon": cursor.horizon, "horizon_xid": cursor.horizon_xid}
    await tx.execute(update(webhook_cursor).values(**values))


def _said(row: Row[Any]) -> Said:
    return Said(row.position, MessageId.from_uuid(row.message_id), row.type, row.body, row.created_at)
