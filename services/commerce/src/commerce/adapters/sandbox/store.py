"""The sandbox's queries. Nothing outside this package uses them."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.adapters.sandbox.tables import sandbox_notices, sandbox_payments
from commerce.domain.order import Capture
from commerce.tables.queues import IN_ORDER, first
from common.db import Transaction
from common.ids import OrderId, PaymentId
from common.money import Money

Status = Literal["open", "confirming", "late", "held", "succeeded", "declined", "abandoned"]
"""`confirming`: the buyer is asked by their bank whether it is them. `late`: the money is on its way and comes after the hold."""

LEASE = timedelta(seconds=30)
ATTEMPTS = 16
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SandboxPayment:
    """A payment as the provider sees it. `comes_at` is when a late one succeeds, `held_until` what it was told of the order."""

    id: str
    payment_id: PaymentId
    order_id: OrderId
    amount: Money
    capture: Capture
    status: Status
    return_path: str
    held_until: datetime | None
    comes_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingNotice:
    """A webhook to be sent."""

    id: int
    body: str
    attempts: int


async def make_payment(
    tx: Transaction,
    *,
    payment_id: PaymentId,
    order_id: OrderId,
    amount: Money,
    capture: Capture,
    return_path: str,
    held_until: datetime | None,
) -> SandboxPayment:
    """The payment of that key, made if there was none."""
    statement = insert(sandbox_payments).values(
        id=f"sbx_{tx.entropy.bytes(12).hex()}",
        payment_id=payment_id,
        order_id=order_id,
        amount=amount.amount,
        currency=amount.currency,
        capture=capture,
        status="open",
        return_path=return_path,
        held_until=held_until,
        made_at=tx.now,
    )
    tx.post(statement.on_conflict_do_nothing(constraint="uq_sandbox_payments_payment_id"))
    made = await find_by_key(tx, payment_id)
    assert made is not None
    return made


async def find_by_key(tx: Transaction, payment_id: PaymentId, *, lock: bool = False) -> SandboxPayment | None:
    """The payment that was made with this key, locked if asked for."""
    query = select(sandbox_payments).where(sandbox_payments.c.payment_id == payment_id)
    row = await tx.one(query.with_for_update() if lock else query)
    return None if row is None else _payment_of(row, tx.now)


async def find_by_reference(tx: Transaction, reference: str) -> SandboxPayment | None:
    """The payment the provider knows by this name."""
    row = await tx.one(select(sandbox_payments).where(sandbox_payments.c.id == reference))
    return None if row is None else _payment_of(row, tx.now)


async def payments_between(tx: Transaction, start: datetime, end: datetime) -> list[SandboxPayment]:
    """Every payment made from `start` until before `end`, oldest first."""
    made = sandbox_payments.c.made_at
    query = select(sandbox_payments).where(made >= start, made < end).order_by(made, sandbox_payments.c.id)
    return [_payment_of(row, tx.now) for row in await tx.all(query)]


async def save_status(tx: Transaction, reference: str, status: Status) -> None:
    """Write how it ended."""
    tx.post(update(sandbox_payments).where(sandbox_payments.c.id == reference).values(status=status))


async def save_amount(tx: Transaction, reference: str, amount: int) -> None:
    """Write that another amount came than was asked for."""
    await tx.execute(update(sandbox_payments).where(sandbox_payments.c.id == reference).values(amount=amount))


async def save_lateness(tx: Transaction, reference: str, comes_at: datetime) -> None:
    """Write that it will succeed, and when."""
    values = {"status": "late", "comes_at": comes_at}
    await tx.execute(update(sandbox_payments).where(sandbox_payments.c.id == reference).values(**values))


async def tell(
    tx: Transaction,
    payment: SandboxPayment,
    kind: str,
    about: str,
    *,
    times: int = 1,
    at: datetime | None = None,
) -> None:
    """Have a webhook sent, `times` at once, now or `at`. Told of the same once more, it has the same id."""
    key = f"sbxevt_{about}_{kind.partition('.')[2]}"
    body = json.dumps({"id": key, "type": kind, "payment": payment.id})
    due = tx.now if at is None else at
    for telling in range(times):
        copy = key if telling == 0 else f"{key}#{telling}"
        statement = insert(sandbox_notices).values(key=copy, body=body, made_at=tx.now, next_attempt_at=due)
        again = {"next_attempt_at": due, "attempts": 0}
        tx.post(statement.on_conflict_do_update(constraint="uq_sandbox_notices_key", set_=again))


async def take_some_notices(tx: Transaction, limit: int) -> list[WaitingNotice]:
    """Webhooks that are due. Taking one keeps others from it for half a minute, and counts the attempt."""
    due = (
        select(sandbox_notices.c.id)
        .where(sandbox_notices.c.next_attempt_at <= tx.now)
        .order_by(sandbox_notices.c.next_attempt_at, sandbox_notices.c.id)
        .limit(first(limit))
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(sandbox_notices)
        .where(sandbox_notices.c.id.in_(due))
        .values(next_attempt_at=tx.now + LEASE, attempts=sandbox_notices.c.attempts + 1)
        .returning(sandbox_notices.c.id, sandbox_notices.c.body, sandbox_notices.c.attempts)
    )
    tx.post(IN_ORDER)
    return [WaitingNotice(row.id, row.body, row.attempts) for row in (await tx.execute(taken)).all()]


async def record_answer(tx: Transaction, notice: WaitingNotice, answer: str, *, taken: bool) -> None:
    """Remember what came back. Until it was taken it is sent again, twice as late each time, up to sixteen times."""
    wait = min(_LONGEST_WAIT, timedelta(seconds=2 ** (notice.attempts - 1)))
    over = taken or notice.attempts >= ATTEMPTS
    values = {"last_answer": answer[:200], "next_attempt_at": None if over else tx.now + wait}
    await tx.execute(update(sandbox_notices).where(sandbox_notices.c.id == notice.id).values(**values))


def _payment_of(row: Row[Any], now: datetime) -> SandboxPayment:
    """A late one succeeds by itself: nobody needs to be awake for it."""
    status: Status = row.status
    if status == "late" and now >= row.comes_at:
        status = "held" if row.capture == "manual" else "succeeded"
    return SandboxPayment(
        id=row.id,
        payment_id=row.payment_id,
        order_id=row.order_id,
        amount=Money(row.amount, row.currency),
        capture=row.capture,
        status=status,
        return_path=row.return_path,
        held_until=row.held_until,
        comes_at=row.comes_at,
    )
