"""Payments of orders."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, insert, select, update

from commerce.domain.payment import Payment
from commerce.tables import OPEN, UNPAID, orders, payments
from commerce.tables.queues import IN_ORDER, first
from common.db import Transaction, moment
from common.ids import OrderId, PaymentId
from common.money import Money

ANSWER_EXPECTED = timedelta(seconds=30)
"""An intent without its provider's answer after this long is taken up again."""
NEWS_EXPECTED = timedelta(minutes=2)
"""The provider is asked about a payment when it told nothing for this long."""
_LONGEST_WAIT = timedelta(hours=1)
# Built once: putting a statement together costs more than running it.
_THIS: Final = payments.c.id == bindparam("payment", type_=payments.c.id.type)
_FIND: Final = select(payments).where(_THIS)
_SAVE_OPEN: Final = update(payments).where(_THIS)
_SAVE_SETTLED: Final = (
    update(payments)
    .where(_THIS)
    .values(settled_at=func.coalesce(payments.c.settled_at, bindparam("now", type_=moment())), next_check_at=None)
)
_OF_ORDER: Final = (
    select(payments)
    .where(payments.c.order_id == bindparam("order", type_=payments.c.order_id.type))
    .order_by(payments.c.id)
)


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
            capture=payment.capture,
            next_check_at=tx.now + ANSWER_EXPECTED,
            **_state_of(payment),
        )
    )


def save_payment(tx: Transaction, payment: Payment) -> None:
    """Write how a payment stands now, with the next statement. The caller holds its order's lock."""
    values = {"payment": payment.id, **_state_of(payment)}
    if payment.status in ("created", "pending"):
        tx.post(_SAVE_OPEN, {**values, "next_check_at": tx.now if payment.wanted else tx.now + NEWS_EXPECTED})
    else:
        tx.post(_SAVE_SETTLED, {**values, "now": tx.now})


async def find_payment(tx: Transaction, payment_id: PaymentId) -> Payment | None:
    """A payment. What is decided from it is decided under its order's lock, so it is read after that."""
    row = await tx.one(_FIND, {"payment": payment_id})
    return None if row is None else payment_of(row)


async def find_payments(tx: Transaction, payment_ids: Collection[PaymentId]) -> dict[PaymentId, Payment]:
    """Several payments by their ids."""
    rows = await tx.all(select(payments).where(payments.c.id.in_(payment_ids)))
    return {row.id: payment_of(row) for row in rows}


async def open_payment(tx: Transaction, order_id: OrderId, provider: str) -> Payment | None:
    """The order's payment at that provider that is still under way, if there is one; none that is being let go of."""
    still_open = OPEN & payments.c.wanted.is_(None)
    mine = (payments.c.order_id == order_id) & (payments.c.provider == provider)
    row = await tx.one(select(payments).where(mine, still_open).order_by(payments.c.id.desc()).limit(1))
    return None if row is None else payment_of(row)


async def want_void(tx: Transaction, order_ids: Sequence[OrderId]) -> None:
    """Have whatever is open of these orders' payments ended at the provider, by the next check. Their locks are held."""
    still_open = OPEN & payments.c.wanted.is_(None)
    mine = payments.c.order_id.in_(order_ids)
    values = {"wanted": "void", "version": payments.c.version + 1, "next_check_at": tx.now}
    await tx.execute(update(payments).where(mine, still_open).values(**values))


async def take_some_to_release(tx: Transaction, limit: int) -> list[Payment]:
    """Open payments of orders whose time to pay ran out. Taking one wants it ended, and keeps the check away meanwhile."""
    overdue = UNPAID & (orders.c.reserved_until <= tx.now)
    due = (
        select(payments.c.id)
        .join(orders, orders.c.id == payments.c.order_id)
        .where(overdue, OPEN, payments.c.wanted.is_(None))
        .order_by(orders.c.reserved_until)
        .limit(first(limit))
        .with_for_update(of=payments, skip_locked=True)
    )
    taken = (
        update(payments)
        .where(payments.c.id.in_(due))
        .values(wanted="void", version=payments.c.version + 1, next_check_at=tx.now + NEWS_EXPECTED)
        .returning(*payments.c)
    )
    tx.post(IN_ORDER)
    return [payment_of(row) for row in (await tx.execute(taken)).all()]


async def payments_of_order(tx: Transaction, order_id: OrderId) -> list[Payment]:
    """All payments of an order, oldest first."""
    return [payment_of(row) for row in await tx.all(_OF_ORDER, {"order": order_id})]


async def take_some_due_for_a_check(tx: Transaction, limit: int) -> list[Payment]:
    """Open payments nothing was heard of for a while. Taking one puts its next check off, twice as far each time."""
    due = (
        select(payments.c.id)
        .where(OPEN, payments.c.next_check_at <= tx.now)
        .order_by(payments.c.next_check_at)
        .limit(first(limit))
        .with_for_update(skip_locked=True)
    )
    wait = func.least(_LONGEST_WAIT, NEWS_EXPECTED * func.power(2, func.least(payments.c.checks, 10)))
    taken = (
        update(payments)
        .where(payments.c.id.in_(due))
        .values(next_check_at=tx.now + wait, checks=payments.c.checks + 1)
        .returning(*payments.c)
    )
    tx.post(IN_ORDER)
    return [payment_of(row) for row in (await tx.execute(taken)).all()]


def _state_of(payment: Payment) -> dict[str, Any]:
    """What of a payment changes."""
    return {
        "version": payment.version,
        "status": payment.status,
        "reference": payment.reference,
        "checkout_url": payment.checkout_url,
        "reason": payment.reason,
        "held_at": payment.held_at,
        "wanted": payment.wanted,
    }


def payment_of(row: Row[Any]) -> Payment:
    """The payment a row holds."""
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
        capture=row.capture,
        held_at=row.held_at,
        wanted=row.wanted,
    )
