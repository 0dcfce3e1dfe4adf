"""What our books say of a provider's day, and what differed from its list."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.domain.payment import ProviderRecord
from commerce.domain.reconciliation import Booked, Difference
from commerce.store.payments import payment_of
from commerce.tables import (
    PENDING,
    disputes,
    ledger_transfers,
    payment_differences,
    payments,
    reconciled_days,
    refunds,
)
from common.db import Transaction
from common.ids import PaymentId
from common.money import Money


async def books_of_day(
    tx: Transaction, provider: str, start: datetime, end: datetime, theirs: Sequence[ProviderRecord]
) -> Mapping[PaymentId, Booked]:
    """Every payment the provider names, and every one begun here in that time, with what the ledger says of it."""
    named = [record.payment_id for record in theirs if record.payment_id is not None]
    begun = (payments.c.created_at >= start) & (payments.c.created_at < end)
    query = (
        select(
            payments,
            _booked("charge", "unallocated").label("came"),
            _sent_back().label("went_back"),
            _under_way().label("under_way"),
        )
        .where(payments.c.provider == provider, or_(payments.c.id.in_(named), begun))
        .order_by(payments.c.id)
    )
    return {row.id: _booked_of(row) for row in await tx.all(query)}


async def reconciled_at(tx: Transaction, provider: str, day: date) -> datetime | None:
    """When that day was compared last, in UTC."""
    this = (reconciled_days.c.provider == provider) & (reconciled_days.c.day == day)
    at: datetime | None = await tx.scalar(select(reconciled_days.c.reconciled_at).where(this))
    return None if at is None else at.astimezone(UTC)


async def save_day(tx: Transaction, provider: str, day: date, count: int, found: Sequence[Difference]) -> int:
    """Keep what differs; what was found before and is not found again is settled. How many were not known before."""
    known = (payment_differences.c.provider == provider) & (payment_differences.c.day == day)
    open_ones = {
        (row.kind, row.reference)
        for row in await tx.all(select(payment_differences).where(known, payment_differences.c.settled_at.is_(None)))
    }
    for each in found:
        values = {"payment_id": each.payment_id, "theirs": each.theirs, "ours": each.ours, "settled_at": None}
        statement = insert(payment_differences).values(
            provider=provider, day=day, kind=each.kind, reference=each.reference, found_at=tx.now, **values
        )
        await tx.execute(statement.on_conflict_do_update(constraint="uq_payment_differences_once", set_=values))
    now_open = {(each.kind, each.reference) for each in found}
    for kind, reference in open_ones - now_open:
        this = (payment_differences.c.kind == kind) & (payment_differences.c.reference == reference)
        await tx.execute(update(payment_differences).where(known, this).values(settled_at=tx.now))
    counts = {"payments": count, "differences": len(found), "reconciled_at": tx.now}
    statement = insert(reconciled_days).values(provider=provider, day=day, **counts)
    await tx.execute(statement.on_conflict_do_update(constraint="pk_reconciled_days", set_=counts))
    return len(now_open - open_ones)


async def report(tx: Transaction, since: date) -> dict[str, list[dict[str, Any]]]:
    """The days since then that were compared, and every difference that is not settled, of whatever day."""
    days = select(reconciled_days).where(reconciled_days.c.day >= since)
    days = days.order_by(reconciled_days.c.day, reconciled_days.c.provider)
    still = payment_differences.c.settled_at.is_(None)
    open_ones = select(payment_differences).where(still).order_by(payment_differences.c.day, payment_differences.c.id)
    return {
        "days": [
            {
                "provider": row.provider,
                "day": row.day.isoformat(),
                "payments": row.payments,
                "differences": row.differences,
                "reconciledAt": row.reconciled_at.isoformat(),
            }
            for row in await tx.all(days)
        ],
        "differences": [
            {
                "provider": row.provider,
                "day": row.day.isoformat(),
                "kind": row.kind,
                "reference": row.reference,
                "paymentId": row.payment_id,
                "theirs": row.theirs,
                "ours": row.ours,
                "foundAt": row.found_at.isoformat(),
            }
            for row in await tx.all(open_ones)
        ],
    }


def _booked(*kinds: str) -> ColumnElement[int]:
    mine = _of_payment() & ledger_transfers.c.kind.in_(kinds)
    return select(func.sum(ledger_transfers.c.amount)).where(mine).scalar_subquery()


def _sent_back() -> ColumnElement[int]:
    """What went back by refunds and did not bounce; what a bank took is no refund in a provider's list."""
    same = (disputes.c.payment_id == refunds.c.payment_id) & (
        (disputes.c.reference == refunds.c.reference)
        | func.starts_with(refunds.c.reference, disputes.c.reference + ":")
    )
    by_refund = case(
        (exists().where(same), 0),
        (ledger_transfers.c.kind == "refund_bounced", -ledger_transfers.c.amount),
        else_=ledger_transfers.c.amount,
    )
    kinds = ledger_transfers.c.kind.in_(("refund_sent", "refund_bounced"))
    query = select(func.coalesce(func.sum(by_refund), 0)).join(refunds, refunds.c.id == ledger_transfers.c.refund_id)
    return query.where(_of_payment() & kinds).scalar_subquery()


def _of_payment() -> ColumnElement[bool]:
    """By the order, which has an index: without it the whole ledger would be read for every payment."""
    return (ledger_transfers.c.order_id == payments.c.order_id) & (ledger_transfers.c.payment_id == payments.c.id)


def _under_way() -> ColumnElement[bool]:
    return exists().where(refunds.c.payment_id == payments.c.id, PENDING)


def _booked_of(row: Any) -> Booked:
    came = None if row.came is None else Money(int(row.came), row.currency)
    return Booked(
        payment_of(row), came, None if came is None else Money(int(row.went_back), row.currency), row.under_way
    )
