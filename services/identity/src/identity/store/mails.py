"""Mails that wait to be sent. Their words are sealed, and gone once it is settled what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, any_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from common.db import Transaction
from identity.domain.mail_schedule import LEASE
from identity.tables import mails


@dataclass(frozen=True, slots=True)
class DueMail:
    """A mail that a worker has taken for the length of its lease."""

    id: int
    key: str
    recipient: str
    content: bytes
    attempts: int
    gives_up_at: datetime


_INSERT = insert(mails).on_conflict_do_nothing(constraint="uq_mails_key")
_MARK_SENT = (
    update(mails)
    .where(mails.c.id == any_(bindparam("mails", type_=ARRAY(BigInteger))))
    .values(sent_at=bindparam("now"), content=None, last_error=None)
)


def insert_mail(tx: Transaction, key: str, recipient: str, content: bytes, gives_up_at: datetime) -> None:
    """Queue a mail as this commits, unless one with that key was queued before, whatever became of it."""
    values = {"key": key, "recipient": recipient, "content": content}
    times = {"created_at": tx.now, "next_attempt_at": tx.now, "gives_up_at": gives_up_at}
    tx.post(_INSERT, {**values, **times})


async def take_due_mails(tx: Transaction, limit: int) -> list[DueMail]:
    """Mails whose time has come, taken so that no other worker sends them meanwhile."""
    due = (
        select(mails.c.id)
        .where(mails.c.sent_at.is_(None), mails.c.failed_at.is_(None), mails.c.next_attempt_at <= tx.now)
        .order_by(mails.c.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(mails)
        .where(mails.c.id.in_(due))
        .values(next_attempt_at=tx.now + LEASE, attempts=mails.c.attempts + 1)
        .returning(mails)
    )
    return [
        DueMail(row.id, row.key, row.recipient, row.content, row.attempts, row.gives_up_at)
        for row in (await tx.execute(taken)).all()
    ]


def mark_sent(tx: Transaction, mail_ids: Sequence[int]) -> None:
    """The mail server has them; noted as this commits."""
    tx.post(_MARK_SENT, {"mails": list(mail_ids), "now": tx.now})


async def mark_failed(tx: Transaction, mail_id: int, error: str) -> None:
    """It will never arrive, or nobody would want it any more."""
    values = {"failed_at": tx.now, "content": None, "last_error": error[:500]}
    await tx.execute(update(mails).where(mails.c.id == mail_id).values(**values))


async def defer(tx: Transaction, mail_id: int, until: datetime, error: str) -> None:
    """Try it again later."""
    await tx.execute(update(mails).where(mails.c.id == mail_id).values(next_attempt_at=until, last_error=error[:500]))


async def forget_old(tx: Transaction) -> int:
    """Delete mails settled more than thirty days ago; how many."""
    settled = (mails.c.sent_at.is_not(None) | mails.c.failed_at.is_not(None)) & (
        mails.c.created_at < tx.now - timedelta(days=30)
    )
    result = await tx.execute(delete(mails).where(settled))
    return result.rowcount
