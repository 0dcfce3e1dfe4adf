"""Payments of orders."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from commerce.domain.payment import Payment
from commerce.tables import payments
from common.db import Transaction
from common.ids import OrderId, PaymentId
from common.money import Money

ANSWER_EXPECTED = timedelta(seconds=30)
"""An intent without its provider's answer after this long is taken up again."""
NEWS_EXPECTED = timedelta(minutes=2)
"""The provider is asked about a payment when it told nothing for this long."""
_LONGEST_WAIT = timedelta(hours=1)


async def add_payment(tx: Transaction, payment: Payment) -> None:
    """Write a new intent."""
    await tx.execute(
        insert(payments).values(
            id=payment.id,
            order_id=payment.order_id,
            provider=payment.provider,
            amount=payment.amount.amount,
            currency=payment.amount.currency,
            created_at=payment.created_at,
            next_check_at=tx.now + ANSWER_EXPECTED,
            **_state_of(payment),
        )
    )


async def save_payment(tx: Transaction, payment: Payment) -> None:
    """Write how a payment stands now. The caller holds its order's lock."""
    values = _state_of(payment)
    if payment.status == "pending":
        values |= {"next_check_at": tx.now + NEWS_EXPECTED}
    else:
        values |= {"settled_at": func.coalesce(payments.c.settled_at, tx.now), "next_check_at": None}
    await tx.execute(update(payments).where(payments.c.id == payment.id).values(**values))


async def find_payment(tx: Transaction, payment_id: PaymentId) -> Payment | None:
    """A payment. What is decided from it is decided under its order's lock, so it is read after that."""
    row = await tx.one(select(payments).where(payments.c.id == payment_id))
    return None if row is None else _payment_of(row)


async def open_payment(tx: Transaction, order_id: OrderId, provider: str) -> Payment | None:
    """The order's payment at that provider that is still under way, if there is one."""
    still_open = payments.c.status.in_(("created", "pending"))
    mine = (payments.c.order_id == order_id) & (payments.c.provider == provider)
    row = await tx.one(select(payments).where(mine, still_open).order_by(payments.c.id.desc()).limit(1))
    return None if row is None else _payment_of(row)


async def payments_of_order(tx: Transaction, order_id: OrderId) -> list[Payment]:
    """All payments of an order, oldest first."""
    query = select(payments).where(payments.c.order_id == order_id).order_by(payments.c.id)
    return [_payment_of(row) for row in await tx.all(query)]


async def take_some_due_for_a_check(tx: Transaction, limit: int) -> list[Payment]:
    """Open payments nothing was heard of for a while. Taking one puts its next check off, twice as far each time."""
    due = (
        select(payments.c.id)
        .where(payments.c.status.in_(("created", "pending")), payments.c.next_check_at <= tx.now)
        .order_by(payments.c.next_check_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    wait = func.least(_LONGEST_WAIT, NEWS_EXPECTED * func.power(2, func.least(payments.c.checks, 10)))
    taken = (
        update(payments)
        .where(payments.c.id.in_(due))
        .values(next_check_at=tx.now + wait, checks=payments.c.checks + 1)
        .returning(*payments.c)
    )
    return [_payment_of(row) for row in (await tx.execute(taken)).all()]


def _state_of(payment: Payment) -> dict[str, Any]:
    """What of a payment changes."""
    return {
        "version": payment.version,
        "status": payment.status,
        "reference": payment.reference,
        "checkout_url": payment.checkout_url,
        "reason": payment.reason,
    }


def _payment_of(row: Row[Any]) -> Payment:
    return Payment(
        id=row.id,
        version=row.version,
        order_id=row.order_id,
        provider=row.provider,
        status=row.status,
        amount=Money(row.amount, row.currency),
        reference=row.reference,
        checkout_url=row.checkout_url,
        reason=row.reason,
        created_at=row.created_at,
    )
