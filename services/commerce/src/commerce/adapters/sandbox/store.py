"""The sandbox's queries. Nothing outside this package uses them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.adapters.sandbox.tables import sandbox_notices, sandbox_payments
from common.db import Transaction
from common.ids import OrderId, PaymentId
from common.money import Money

Status = Literal["open", "succeeded", "declined", "abandoned"]

LEASE = timedelta(seconds=30)
ATTEMPTS = 16
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SandboxPayment:
    """A payment as the provider sees it."""

    id: str
    payment_id: PaymentId
    order_id: OrderId
    amount: Money
    status: Status
    return_path: str


@dataclass(frozen=True, slots=True)
class WaitingNotice:
    """A webhook to be sent."""

    id: int
    body: str
    attempts: int


async def make_payment(
    tx: Transaction, *, payment_id: PaymentId, order_id: OrderId, amount: Money, return_path: str
) -> SandboxPayment:
    """The payment of that key, made if there was none."""
    statement = insert(sandbox_payments).values(
        id=f"sbx_{tx.entropy.bytes(12).hex()}",
        payment_id=payment_id,
        order_id=order_id,
        amount=amount.amount,
        currency=amount.currency,
        status="open",
        return_path=return_path,
        made_at=tx.now,
    )
    await tx.execute(statement.on_conflict_do_nothing(constraint="uq_sandbox_payments_payment_id"))
    made = await find_by_key(tx, payment_id)
    assert made is not None
    return made


async def find_by_key(tx: Transaction, payment_id: PaymentId, *, lock: bool = False) -> SandboxPayment | None:
    """The payment that was made with this key, locked if asked for."""
    query = select(sandbox_payments).where(sandbox_payments.c.payment_id == payment_id)
    row = await tx.one(query.with_for_update() if lock else query)
    return None if row is None else _payment_of(row)


async def find_by_reference(tx: Transaction, reference: str) -> SandboxPayment | None:
    """The payment the provider knows by this name."""
    row = await tx.one(select(sandbox_payments).where(sandbox_payments.c.id == reference))
    return None if row is None else _payment_of(row)


async def save_status(tx: Transaction, reference: str, status: Status) -> None:
    """Write how it ended."""
    await tx.execute(update(sandbox_payments).where(sandbox_payments.c.id == reference).values(status=status))


async def queue_notice(tx: Transaction, key: str, body: str) -> None:
    """Have a webhook sent; one that was sent before is sent once more, under the same key."""
    statement = insert(sandbox_notices).values(key=key, body=body, made_at=tx.now, next_attempt_at=tx.now)
    again = {"next_attempt_at": tx.now, "attempts": 0}
    await tx.execute(statement.on_conflict_do_update(constraint="uq_sandbox_notices_key", set_=again))


async def take_some_notices(tx: Transaction, limit: int) -> list[WaitingNotice]:
    """Webhooks that are due. Taking one keeps others from it for half a minute, and counts the attempt."""
    due = (
        select(sandbox_notices.c.id)
        .where(sandbox_notices.c.next_attempt_at <= tx.now)
        .order_by(sandbox_notices.c.next_attempt_at, sandbox_notices.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(sandbox_notices)
        .where(sandbox_notices.c.id.in_(due))
        .values(next_attempt_at=tx.now + LEASE, attempts=sandbox_notices.c.attempts + 1)
        .returning(sandbox_notices.c.id, sandbox_notices.c.body, sandbox_notices.c.attempts)
    )
    return [WaitingNotice(row.id, row.body, row.attempts) for row in (await tx.execute(taken)).all()]


async def record_answer(tx: Transaction, notice: WaitingNotice, answer: str, *, taken: bool) -> None:
    """Remember what came back. Until it was taken it is sent again, twice as late each time, up to sixteen times."""
    wait = min(_LONGEST_WAIT, timedelta(seconds=2 ** (notice.attempts - 1)))
    over = taken or notice.attempts >= ATTEMPTS
    values = {"last_answer": answer[:200], "next_attempt_at": None if over else tx.now + wait}
    await tx.execute(update(sandbox_notices).where(sandbox_notices.c.id == notice.id).values(**values))


def _payment_of(row: Row[Any]) -> SandboxPayment:
    return SandboxPayment(
        id=row.id,
        payment_id=row.payment_id,
        order_id=row.order_id,
        amount=Money(row.amount, row.currency),
        status=row.status,
        return_path=row.return_path,
    )
