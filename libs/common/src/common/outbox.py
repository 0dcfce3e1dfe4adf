"""The outbox: what a transaction says is a row of that transaction, and nothing is said that did not commit."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, any_, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Row

from common.clock import Entropy
from common.house_tables import outbox
from common.ids import uuid7
from common.messages import Message
from common.postgres import Conversation
from common.telemetry import current_traceparent

KEPT_AFTER_SENDING = timedelta(days=7)
ATTEMPTS_BEFORE_SETTING_ASIDE = 5


_INSERT = insert(outbox)
_UNSENT = (
    select(outbox)
    .where(outbox.c.sent_at.is_(None), outbox.c.set_aside_at.is_(None), outbox.c.position > bindparam("after"))
    .order_by(outbox.c.position)
    .limit(bindparam("limit"))
)
_MARK_SENT = (
    update(outbox)
    .where(outbox.c.position == any_(bindparam("positions", type_=ARRAY(BigInteger))))
    .values(sent_at=bindparam("now"))
)


class ForeignMessage(Exception):
    """A service tried to say what only another service may say. This is a fault of ours, not of the caller."""


def post_messages(
    connection: Conversation, publisher: str, messages: Sequence[Message], now: datetime, entropy: Entropy
) -> None:
    """Have `messages` written to the outbox, with the current trace, in the caller's transaction as it commits."""
    for message in messages:
        if message.publisher != publisher:
            raise ForeignMessage(f"{publisher} may not publish {message.type()}")
    traceparent = current_traceparent()
    for message in messages:
        connection.post(
            _INSERT,
            {
                "message_id": uuid7(now, entropy),
                "subject": message.subject,
                "type": message.type(),
                "aggregate_id": message.aggregate_id,
                "sequence": message.sequence,
                "body": message.body(),
                "traceparent": traceparent,
                "created_at": now,
            },
        )


async def unsent(connection: Conversation, after: int, limit: int) -> Sequence[Row[tuple[object, ...]]]:
    """Up to `limit` rows the broker has not confirmed, beyond position `after`, in the order they were written."""
    return (await connection.execute(_UNSENT, {"after": after, "limit": limit})).all()


def mark_sent(connection: Conversation, positions: Sequence[int], now: datetime) -> None:
    """Record that the broker holds these rows, in the round trip of the next statement."""
    connection.post(_MARK_SENT, {"positions": list(positions), "now": now})


async def record_refused(connection: Conversation, position: int, error: str, now: datetime) -> bool:
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


async def oldest_unsent(connection: Conversation) -> datetime | None:
    """When the longest-waiting row was written; None when the outbox is empty."""
    waiting = outbox.c.sent_at.is_(None) & outbox.c.set_aside_at.is_(None)
    oldest: datetime | None = await connection.scalar(select(func.min(outbox.c.created_at)).where(waiting))
    return oldest


async def count_set_aside(connection: Conversation) -> int:
    """How many rows the broker kept refusing: each needs a person."""
    query = select(func.count()).select_from(outbox).where(outbox.c.set_aside_at.is_not(None))
    return int(await connection.scalar(query) or 0)


async def forget_sent(connection: Conversation, now: datetime) -> int:
    """Delete rows sent more than seven days ago; how many."""
    result = await connection.execute(delete(outbox).where(outbox.c.sent_at < now - KEPT_AFTER_SENDING))
    return result.rowcount
