"""Every query about keys and the answers they stand for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row
from sqlalchemy.exc import DBAPIError

from common.db import moment
from common.house_tables import idempotency_keys as keys
from common.postgres import Asked, Conversation

KEPT = timedelta(hours=24)
_LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Key:
    """Whose key, and which request it stands for."""

    principal: str
    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is handed out to whoever sends the request again."""

    status: int
    body: str
    media_type: str


def ask_for_new(connection: Conversation, key: Key, now: datetime) -> Asked[bool]:
    """Take a key that nobody knows, in the round trip of the next statement and ahead of it; the answer is whether it was
    sent. Where somebody knows it, that round trip raises what `is_known` knows, and nothing of it is done."""
    return connection.ask(_CLAIM_NEW, _claimed(key, now), lambda _: True)


def is_known(error: DBAPIError) -> bool:
    """Whether it was the taking of a new key that failed."""
    return (error.statement or "").startswith(_CLAIMING)


async def claim(connection: Conversation, key: Key, now: datetime) -> bool:
    """Take a key that is new or over, or that whoever held it never finished with."""
    values = {**_claimed(key, now), "expired": now - KEPT}
    return await connection.scalar(_CLAIM, values) is not None


async def find(connection: Conversation, key: Key) -> Row[Any] | None:
    """What the key stands for."""
    return (await connection.execute(select(keys).where(_this(key)))).first()


def keep(connection: Conversation, key: Key, answer: Answer) -> None:
    """Have the answer stored as this commits."""
    values = {"own_principal": key.principal, "own_key": key.name}
    kept = {"status": answer.status, "body": answer.body, "media_type": answer.media_type}
    connection.post(_KEEP, values | kept)


async def keep_where_none_is(connection: Conversation, key: Key, answer: Answer, now: datetime) -> None:
    """Store the answer of a request that took no key, or was undone after it did."""
    settled = {"status": answer.status, "body": answer.body, "media_type": answer.media_type}
    statement = insert(keys).values(
        principal=key.principal, key=key.name, fingerprint=key.fingerprint, created_at=now, **settled
    )
    unanswered = keys.c.status.is_(None) & (keys.c.fingerprint == key.fingerprint)
    await connection.execute(
        statement.on_conflict_do_update(
            constraint="pk_idempotency_keys", set_={**settled, "leased_until": None}, where=unanswered
        )
    )


async def release(connection: Conversation, key: Key, leased_until: datetime) -> None:
    """Give back a key that is held until then; not one that somebody else resumed meanwhile."""
    ours = _this(key) & (keys.c.leased_until == leased_until)
    await connection.execute(delete(keys).where(ours, keys.c.status.is_(None)))


async def forget_old(connection: Conversation, now: datetime) -> int:
    """Delete keys older than 24 h; how many."""
    result = await connection.execute(delete(keys).where(keys.c.created_at < now - KEPT))
    return result.rowcount


def lease_from(now: datetime) -> datetime:
    """How long a key is held that was taken then."""
    return now + _LEASE


def _claimed(key: Key, now: datetime) -> dict[str, Any]:
    return {
        "principal": key.principal,
        "key": key.name,
        "fingerprint": key.fingerprint,
        "lock": f"idempotency {key.principal} {key.name}",
        "now": now,
        "leased_until": lease_from(now),
    }


def _this(key: Key) -> ColumnElement[bool]:
    return (keys.c.principal == key.principal) & (keys.c.key == key.name)


_MOMENTS = (bindparam("now", type_=moment()), bindparam("leased_until", type_=moment()))
_CLAIMING = "INSERT INTO idempotency_keys (principal, key, fingerprint, created_at, leased_until)"
_CLAIM_NEW = text(f"""{_CLAIMING}
    SELECT :principal, CASE WHEN pg_try_advisory_xact_lock(hashtextextended(:lock, 0)) THEN :key END, :fingerprint, :now,
        :leased_until
""").bindparams(*_MOMENTS)
"""Take a key that is not there: fails where it is, and, by the null, where somebody is about to take it."""

_CLAIM = text("""
    INSERT INTO idempotency_keys AS known (principal, key, fingerprint, created_at, leased_until)
    SELECT :principal, :key, :fingerprint, :now, :leased_until
    WHERE pg_try_advisory_xact_lock(hashtextextended(:lock, 0))
    ON CONFLICT ON CONSTRAINT pk_idempotency_keys DO UPDATE
    SET fingerprint = excluded.fingerprint, created_at = excluded.created_at, leased_until = excluded.leased_until,
        status = NULL, media_type = NULL, body = NULL
    WHERE known.created_at < :expired
       OR (known.status IS NULL AND known.leased_until < :now AND known.fingerprint = excluded.fingerprint)
    RETURNING key
""").bindparams(*_MOMENTS, bindparam("expired", type_=moment()))
"""Take the key, in one statement: when it is new, when it is older than 24 h, or when whoever held it never finished.

The advisory lock makes a second request with the same key find it taken instead of waiting for the first to commit.
"""

_KEEP = (
    update(keys)
    .where(keys.c.principal == bindparam("own_principal"), keys.c.key == bindparam("own_key"))
    .values(status=bindparam("status"), body=bindparam("body"), media_type=bindparam("media_type"), leased_until=None)
)
