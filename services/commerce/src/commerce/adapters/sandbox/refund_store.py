"""The sandbox's queries about money that went back. As strict as a real provider: never more than was paid, one to a key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from commerce.adapters.sandbox.store import SandboxPayment
from commerce.adapters.sandbox.tables import sandbox_disputes, sandbox_payments, sandbox_refunds
from commerce.domain import dispute, refund
from common.db import Transaction
from common.money import Money


@dataclass(frozen=True, slots=True)
class SandboxRefund:
    """A refund as the provider sees it. `key` is None for one made by hand at the provider."""

    id: str
    key: str | None
    amount: int
    status: refund.Status


async def make_refund(tx: Transaction, payment: SandboxPayment, key: str | None, amount: int) -> SandboxRefund:
    """The refund of that key, made if there was none; `failed` if more would go back than was paid.

    The caller holds the payment's lock.
    """
    if key is not None:
        known = await find_refund(tx, key)
        if known is not None:
            return known
    fits = payment.status == "succeeded" and amount <= await amount_left(tx, payment)
    made = SandboxRefund(f"sbxref_{tx.entropy.bytes(12).hex()}", key, amount, "done" if fits else "failed")
    values = {"id": made.id, "payment": payment.id, "key": key, "amount": amount, "status": made.status}
    await tx.execute(insert(sandbox_refunds).values(made_at=tx.now, **values))
    return made


async def amount_left(tx: Transaction, payment: SandboxPayment) -> int:
    """What of a payment did not go back yet."""
    counted = (sandbox_refunds.c.payment == payment.id) & (sandbox_refunds.c.status == "done")
    gone = await tx.scalar(select(func.coalesce(func.sum(sandbox_refunds.c.amount), 0)).where(counted))
    return payment.amount.amount - int(gone)


async def find_refund(tx: Transaction, key: str) -> SandboxRefund | None:
    """The refund that was made with this key."""
    row = await tx.one(select(sandbox_refunds).where(sandbox_refunds.c.key == key))
    return None if row is None else _refund_of(row)


async def refunds_of(tx: Transaction, payment: str) -> list[SandboxRefund]:
    """Everything that went back of a payment, oldest first."""
    query = select(sandbox_refunds).where(sandbox_refunds.c.payment == payment)
    return [_refund_of(row) for row in await tx.all(query.order_by(sandbox_refunds.c.made_at, sandbox_refunds.c.id))]


async def refunded_between(tx: Transaction, start: datetime, end: datetime) -> dict[str, int]:
    """What went back by now of each payment made from `start` until before `end`."""
    made = sandbox_payments.c.made_at
    counted = (sandbox_refunds.c.payment == sandbox_payments.c.id) & (sandbox_refunds.c.status == "done")
    gone = select(func.coalesce(func.sum(sandbox_refunds.c.amount), 0)).where(counted).scalar_subquery()
    query = select(sandbox_payments.c.id, gone.label("amount")).where(made >= start, made < end)
    return {row.id: int(row.amount) for row in await tx.all(query)}


async def save_dispute(tx: Transaction, payment: SandboxPayment, status: dispute.Status, amount: int) -> None:
    """Open a payment's dispute, or end it."""
    values = {"id": f"sbxdsp_{payment.id}", "payment": payment.id, "amount": amount, "status": status}
    statement = insert(sandbox_disputes).values(made_at=tx.now, **values)
    statement = statement.on_conflict_do_update(constraint="uq_sandbox_disputes_payment", set_={"status": status})
    await tx.execute(statement)


async def disputes_of(tx: Transaction, payment: SandboxPayment) -> list[dispute.ProviderDispute]:
    """What a buyer's bank asked back of a payment."""
    rows = await tx.all(select(sandbox_disputes).where(sandbox_disputes.c.payment == payment.id))
    return [dispute.ProviderDispute(row.id, row.status, Money(row.amount, payment.amount.currency)) for row in rows]


def _refund_of(row: Row[Any]) -> SandboxRefund:
    return SandboxRefund(row.id, row.key, row.amount, row.status)
