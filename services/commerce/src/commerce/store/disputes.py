"""Disputes of payments."""

from typing import Any

from sqlalchemy import Row, insert, select, update

from commerce.domain.dispute import Dispute, ProviderDispute
from commerce.domain.order import Order
from commerce.domain.refunding import Pot
from commerce.tables import disputes
from common.db import Transaction
from common.ids import OrderId, PaymentId
from common.money import Money


async def add_dispute(
    tx: Transaction, order: Order, payment_id: PaymentId, provider: str, told: ProviderDispute, pot: Pot, held: Money
) -> Dispute:
    """Write a dispute that was opened. A second one of that name is stopped by `uq_disputes_reference`."""
    statement = insert(disputes).values(
        provider=provider,
        reference=told.reference,
        payment_id=payment_id,
        order_id=order.id,
        organization_id=order.organization_id,
        status="open",
        amount=told.amount.amount,
        source=pot.source,
        held=held.amount,
        currency=told.amount.currency,
        reason=told.reason,
        opened_at=tx.now,
    )
    return _dispute_of((await tx.execute(statement.returning(*disputes.c))).one())


async def close_dispute(tx: Transaction, dispute: Dispute) -> None:
    """Write how it ended. The caller holds the order's lock."""
    closed = {"status": dispute.status, "closed_at": tx.now}
    await tx.execute(update(disputes).where(disputes.c.id == dispute.id).values(**closed))


async def find_dispute(tx: Transaction, provider: str, reference: str) -> Dispute | None:
    """The dispute that a provider knows by this name."""
    known = (disputes.c.provider == provider) & (disputes.c.reference == reference)
    row = await tx.one(select(disputes).where(known))
    return None if row is None else _dispute_of(row)


async def has_open_dispute(tx: Transaction, order_id: OrderId) -> bool:
    """Whether a bank still looks at a payment of the order."""
    still = (disputes.c.order_id == order_id) & (disputes.c.status == "open")
    return await tx.scalar(select(disputes.c.id).where(still).limit(1)) is not None


def _dispute_of(row: Row[Any]) -> Dispute:
    return Dispute(
        id=row.id,
        order_id=row.order_id,
        payment_id=row.payment_id,
        provider=row.provider,
        reference=row.reference,
        status=row.status,
        amount=Money(row.amount, row.currency),
        source=row.source,
        held=Money(row.held, row.currency),
    )
