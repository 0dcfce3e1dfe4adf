"""The outbox: what a transaction says is a row of that transaction, and nothing is said that did not commit."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import Entropy
from common.house_tables import outbox
from common.ids import uuid7
from common.messages import Message
from common.telemetry import current_traceparent

KEPT_AFTER_SENDING = timedelta(days=7)
ATTEMPTS_BEFORE_SETTING_ASIDE = 5


_INSERT = insert(outbox)


class ForeignMessage(Exception):
    """A service tried to say what only another service may say. This is a fault of ours, not of the caller."""


async def insert_messages(
    connection: AsyncConnection, publisher: str, messages: Sequence[Message], now: datetime, entropy: Entropy
) -> None:
    """Write `messages` to the outbox, with the current trace, in the caller's transaction."""
    for message in messages:
        if message.publisher != publisher:
            raise ForeignMessage(f"{publisher} may not publish {message.type()}")
    traceparent = current_traceparent()
    rows = [
        {
            "message_id": uuid7(now, entropy),
            "subject": message.subject,
            "type": message.type(),
            "aggregate_id": message.aggregate_id,
            "sequence": message.sequence,
            "body": message.body(),
            "traceparent": traceparent,
            "created_at": now,
        }
        for message in messages
    ]
    await connection.execute(_INSERT, rows)


async def unsent(connection: AsyncConnection, after: int, limit: int) -> Sequence[Row[tuple[object, ...]]]:
    """Up to `limit` rows the broker has not confirmed, beyond position `after`, in the order they were written."""
    waiting = outbox.c.sent_at.is_(None) & outbox.c.set_aside_at.is_(None)
    query = select(outbox).where(waiting, outbox.c.position > after).order_by(outbox.c.position).limit(limit)
    return (await connection.execute(query)).all()


async def mark_sent(connection: AsyncConnection, positions: Sequence[int], now: datetime) -> None:
    """Record that the broker holds these rows."""
    await connection.execute(update(outbox).where(outbox.c.position.in_(positions)).values(sent_at=now))


async def record_refused(connection: AsyncConnection, position: int, error: str, now: datetime) -> bool:
    """Count a refusal that is about this row itself; after five the row is set aside. True when it just was."""
    attempts = outbox.c.attempts + 1
    statement = (
        update(outbox)
        .where(outbox.c.position == position)
        .values(attempts=attempts, last_error=error[:500])
        .returning(outbox.c.attempts)
    )
    tried = await connection.scalar(statement)
    if tried is None or tried < ATTEMPTS_BEFORE_SETTING_ASIDE:
        return False
    await connection.execute(update(outbox).where(outbox.c.position == position).values(set_aside_at=now))
    return True


async def oldest_unsent(connection: AsyncConnection) -> datetime | None:
    """When the longest-waiting row was written; None when the outbox is empty."""
    waiting = outbox.c.sent_at.is_(None) & outbox.c.set_aside_at.is_(None)
    oldest: datetime | None = await connection.scalar(select(func.min(outbox.c.created_at)).where(waiting))
    return oldest


async def count_set_aside(connection: AsyncConnection) -> int:
    """How many rows the broker kept refusing: each needs a person."""
    query = select(func.count()).select_from(outbox).where(outbox.c.set_aside_at.is_not(None))
    return int(await connection.scalar(query) or 0)


async def forget_sent(connection: AsyncConnection, now: datetime) -> int:
    """Delete rows sent more than seven days ago; how many."""
    result = await connection.execute(delete(outbox).where(outbox.c.sent_at < now - KEPT_AFTER_SENDING))
    return result.rowcount
