"""What providers told us: stored before it is believed, each worked off once."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.tables import payment_webhooks
from commerce.tables.queues import IN_ORDER, first
from common.db import Transaction

LEASE = timedelta(seconds=60)
ATTEMPTS = 150
"""Three days, as long as providers themselves go on telling: a payment that failed before is asked about by nobody else."""
_LONGEST_WAIT = timedelta(minutes=30)
_LAST_DOUBLING = 11


@dataclass(frozen=True, slots=True)
class StoredWebhook:
    """A notice that waits: which payment at which provider it is about, and the trace it came in."""

    id: int
    provider: str
    reference: str
    traceparent: str | None
    attempts: int


async def add_webhook(
    tx: Transaction, *, provider: str, event_key: str, reference: str, body: bytes, traceparent: str | None
) -> bool:
    """Store a notice. False when this very one is here already; one that was given up is taken up again."""
    statement = insert(payment_webhooks).values(
        provider=provider,
        event_key=event_key,
        reference=reference,
        body=body,
        traceparent=traceparent,
        received_at=tx.now,
        next_attempt_at=tx.now,
    )
    given_up = payment_webhooks.c.handled_at.is_(None) & payment_webhooks.c.next_attempt_at.is_(None)
    statement = statement.on_conflict_do_update(
        constraint="uq_payment_webhooks_event_key", set_={"attempts": 0, "next_attempt_at": tx.now}, where=given_up
    )
    return await tx.scalar(statement.returning(payment_webhooks.c.id)) is not None


async def take_some_webhooks(tx: Transaction, limit: int) -> list[StoredWebhook]:
    """Notices that are due, oldest first. Taking one keeps others from it for a minute, and counts the attempt."""
    due = (
        select(payment_webhooks.c.id)
        .where(payment_webhooks.c.next_attempt_at <= tx.now)
        .order_by(payment_webhooks.c.next_attempt_at, payment_webhooks.c.id)
        .limit(first(limit))
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(payment_webhooks)
        .where(payment_webhooks.c.id.in_(due))
        .values(next_attempt_at=tx.now + LEASE, attempts=payment_webhooks.c.attempts + 1)
        .returning(
            payment_webhooks.c.id,
            payment_webhooks.c.provider,
            payment_webhooks.c.reference,
            payment_webhooks.c.traceparent,
            payment_webhooks.c.attempts,
        )
    )
    tx.post(IN_ORDER)
    rows = sorted((await tx.execute(taken)).all(), key=lambda row: row.id)
    return [StoredWebhook(row.id, row.provider, row.reference, row.traceparent, row.attempts) for row in rows]


async def mark_worked_off(tx: Transaction, webhook_id: int, outcome: str) -> None:
    """It took effect, in this transaction."""
    done = {"handled_at": tx.now, "next_attempt_at": None, "outcome": outcome[:500]}
    tx.post(update(payment_webhooks).where(payment_webhooks.c.id == webhook_id).values(**done))


async def put_off(tx: Transaction, webhook: StoredWebhook, reason: str) -> bool:
    """It could not be worked off now; it is tried again later. False when this was the last attempt."""
    last = webhook.attempts >= ATTEMPTS
    wait = min(_LONGEST_WAIT, timedelta(seconds=2 ** min(webhook.attempts, _LAST_DOUBLING)))
    later = {"next_attempt_at": None if last else tx.now + wait, "outcome": reason[:500]}
    waiting = (payment_webhooks.c.id == webhook.id) & payment_webhooks.c.handled_at.is_(None)
    await tx.execute(update(payment_webhooks).where(waiting).values(**later))
    return not last
