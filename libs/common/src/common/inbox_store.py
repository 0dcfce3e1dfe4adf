"""Every query about inbox rows and dead letters."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row
from sqlalchemy.exc import DBAPIError, IntegrityError

from common.bus import Delivery
from common.house_tables import dead_letters, inbox
from common.postgres import Conversation
from common.telemetry import trace_id_of
from common.topology import MAX_AGE

KEPT_DEAD = timedelta(days=30)
KEPT_HANDLED = MAX_AGE + timedelta(days=1)

_TAKEN = insert(inbox)
_CLAIM = _TAKEN.on_conflict_do_update(
    constraint="pk_inbox", set_={"handled_at": _TAKEN.excluded.handled_at}, where=inbox.c.handled_at.is_(None)
).returning(inbox.c.message_id)
_CLAIM_AHEAD = _TAKEN.on_conflict_do_update(
    constraint="pk_inbox",
    set_={
        "handled_at": _TAKEN.excluded.handled_at,
        "first_seen_at": case((inbox.c.handled_at.is_(None), inbox.c.first_seen_at)),
    },
)


def claim_ahead(connection: Conversation, consumer: str, message_id: str, now: datetime) -> None:
    """Take a message for this transaction, in the round trip of the action's first statement and ahead of it.

    Where an earlier transaction committed the effect, that round trip raises what `is_handled` knows, and nothing of it is
    done: the row would lose its `first_seen_at`, which it may not. A parallel delivery waits here for the first to commit.
    """
    connection.post(_CLAIM_AHEAD, _claimed(consumer, message_id, now))


def is_of_claim(error: DBAPIError) -> bool:
    """Whether it was the claim that failed, so that nothing of the action was done."""
    return (error.statement or "").startswith("INSERT INTO inbox ")


def is_handled(error: DBAPIError) -> bool:
    """Whether the claim failed because the message has taken effect already."""
    return is_of_claim(error) and isinstance(error, IntegrityError)


async def claim(connection: Conversation, consumer: str, message_id: str, now: datetime) -> bool:
    """Take a message for this transaction. False when an earlier one committed its effect.

    A parallel delivery of the same message waits here for the first to commit, and then gets False.
    """
    return await connection.scalar(_CLAIM, _claimed(consumer, message_id, now)) is not None


def _claimed(consumer: str, message_id: str, now: datetime) -> dict[str, Any]:
    return {"consumer": consumer, "message_id": message_id, "first_seen_at": now, "handled_at": now}


async def count_failure(connection: Conversation, consumer: str, message_id: str, reason: str, now: datetime) -> int:
    """Count one more failure of this message at this consumer; how many there are now, or 0 when it has taken effect."""
    statement = (
        insert(inbox)
        .values(consumer=consumer, message_id=message_id, first_seen_at=now, failures=1, last_error=reason)
        .on_conflict_do_update(
            constraint="pk_inbox",
            set_={"failures": inbox.c.failures + 1, "last_error": reason},
            where=inbox.c.handled_at.is_(None),
        )
        .returning(inbox.c.failures)
    )
    return int(await connection.scalar(statement) or 0)


async def bury(
    connection: Conversation, consumer: str, delivery: Delivery, reason: str, failures: int, now: datetime
) -> None:
    """Put a message among the dead letters, with all that is needed to run its action again."""
    statement = (
        insert(dead_letters)
        .values(
            consumer=consumer,
            message_id=delivery.message_id,
            subject=delivery.subject,
            type=delivery.type,
            headers=dict(delivery.headers),
            body=delivery.body.decode(errors="replace").replace("\x00", "\ufffd"),
            error=reason,
            trace_id=trace_id_of(delivery.traceparent),
            failures=failures,
            died_at=now,
        )
        .on_conflict_do_nothing(constraint="pk_dead_letters")
    )
    await connection.execute(statement)


async def dead_letter(connection: Conversation, consumer: str, message_id: str) -> Row[Any] | None:
    """One dead letter that was not replayed yet, locked."""
    key = (dead_letters.c.consumer == consumer) & (dead_letters.c.message_id == message_id)
    query = select(dead_letters).where(key, dead_letters.c.replayed_at.is_(None)).with_for_update()
    return (await connection.execute(query)).first()


async def mark_replayed(connection: Conversation, consumer: str, message_id: str, now: datetime) -> None:
    """Record that an operator ran the action of a dead letter again."""
    key = (dead_letters.c.consumer == consumer) & (dead_letters.c.message_id == message_id)
    await connection.execute(update(dead_letters).where(key).values(replayed_at=now))


async def list_dead(connection: Conversation, limit: int = 200) -> Sequence[Row[Any]]:
    """Dead letters nobody replayed yet, newest first."""
    query = select(dead_letters).where(dead_letters.c.replayed_at.is_(None)).order_by(dead_letters.c.died_at.desc())
    return (await connection.execute(query.limit(limit))).all()


async def find_dead(connection: Conversation, message_id: str) -> Sequence[Row[Any]]:
    """The dead letters of one message id, replayed or not, one for each consumer."""
    return (await connection.execute(select(dead_letters).where(dead_letters.c.message_id == message_id))).all()


async def count_dead(connection: Conversation) -> int:
    """How many dead letters wait for a person."""
    query = select(func.count(case((dead_letters.c.replayed_at.is_(None), 1))))
    return int(await connection.scalar(query) or 0)


async def forget_old(connection: Conversation, now: datetime) -> int:
    """Delete inbox rows older than the stream keeps messages, and dead letters after 30 days; how many."""
    handled = await connection.execute(delete(inbox).where(inbox.c.first_seen_at < now - KEPT_HANDLED))
    dead = await connection.execute(delete(dead_letters).where(dead_letters.c.died_at < now - KEPT_DEAD))
    return handled.rowcount + dead.rowcount
