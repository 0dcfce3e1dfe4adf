"""Refunds of orders, what they took, and the money there is to take it from."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from commerce.domain.payment import Payment
from commerce.domain.refund import Refund
from commerce.domain.refunding import Pot
from commerce.store.payments import find_payments
from commerce.tables import (
    PENDING,
    admissions,
    ledger_transfers,
    order_add_ons,
    orders,
    refunded_add_ons,
    refunded_admissions,
    refunds,
)
from commerce.tables.queues import IN_ORDER, first
from common.db import Transaction
from common.ids import OrderId, OrderLineId, PaymentId, RefundId
from common.money import Money

LEASE = timedelta(seconds=60)
_LONGEST_WAIT = timedelta(hours=1)
_LAST_DOUBLING = 12
_BROUGHT = ("charge", "door_charge", "unallocated", "allocation", "dispute_released")
_TOOK = ("allocation", "refund_due", "dispute_held")


@dataclass(frozen=True, slots=True)
class Due:
    """A refund to be sent, the payment it is of, and how often it was tried, this time included."""

    refund: Refund
    payment: Payment
    attempts: int


async def pots_of_order(tx: Transaction, order_id: OrderId) -> list[Pot]:
    """Money of an order that was not given back, what fits no order first. The caller holds the order's lock."""
    moved = ledger_transfers.c
    mine = moved.order_id == order_id
    what = (moved.payment_id, moved.provider, moved.currency)
    entries = union_all(
        select(*what, moved.credit.label("account"), moved.amount).where(mine, moved.kind.in_(_BROUGHT)),
        select(*what, moved.debit, -moved.amount).where(mine, moved.kind.in_(_TOOK)),
    ).subquery()
    left = func.sum(entries.c.amount)
    columns = (entries.c.payment_id, entries.c.provider, entries.c.currency, entries.c.account)
    query = select(*columns, left.label("left")).group_by(*columns).having(left > 0)
    rows = await tx.all(query.order_by(entries.c.account.desc(), entries.c.payment_id))
    return [Pot(row.payment_id, row.provider, row.account, Money(int(row.left), row.currency)) for row in rows]


async def own_refunded(tx: Transaction, order_id: OrderId, currency: str) -> Money:
    """How much of what the order cost was given back so far, or is about to be."""
    own = (refunds.c.order_id == order_id) & (refunds.c.source == "organiser_payable")
    amount = await tx.scalar(select(func.coalesce(func.sum(refunds.c.amount), 0)).where(own))
    return Money(int(amount), currency)


async def add_refund(tx: Transaction, refund: Refund, origin_key: str | None) -> None:
    """Write a refund and mark what it takes. A second one of the same origin is stopped by `uq_refunds_origin_key`, a
    second one of an admission by the key of `refunded_admissions`."""
    await tx.execute(
        insert(refunds).values(
            id=refund.id,
            order_id=refund.order_id,
            payment_id=refund.payment_id,
            provider=refund.provider,
            source=refund.source,
            origin=refund.origin,
            origin_key=origin_key,
            amount=refund.amount.amount,
            fee_returned=refund.fee_returned.amount,
            currency=refund.amount.currency,
            reason=refund.reason,
            forced=refund.forced,
            requested_by=refund.requested_by,
            created_at=refund.created_at,
            next_attempt_at=tx.now if refund.status == "pending" else None,
            **_state_of(refund),
        )
    )
    if refund.admissions:
        taken = [{"line": line, "number": ordinal, "refund": refund.id} for line, ordinal in refund.admissions]
        await tx.execute(_ADD_ADMISSION, taken)
        await tx.execute(_END_ADMISSION, taken)
    if refund.add_ons:
        returned = [{"line": line, "count": count, "refund": refund.id} for line, count in refund.add_ons]
        await tx.execute(_ADD_ADD_ON, returned)
        await tx.execute(_RETURN_ADD_ON, returned)


async def save_refund(tx: Transaction, refund: Refund) -> None:
    """Write how a refund stands now. The caller holds its order's lock."""
    due: dict[str, Any] = {"next_attempt_at": None}
    if refund.status == "pending":
        due = {"next_attempt_at": tx.now, "attempts": 0}
    await tx.execute(update(refunds).where(refunds.c.id == refund.id).values(**_state_of(refund), **due))


async def find_refund(tx: Transaction, refund_id: RefundId) -> Refund | None:
    """A refund. What is decided from it is decided under its order's lock, so it is read after that."""
    row = await tx.one(whole_refunds(refunds.c.id == refund_id))
    return None if row is None else refund_of(row)


async def refunds_of_order(tx: Transaction, order_id: OrderId) -> list[Refund]:
    """All refunds of an order, oldest first."""
    return [
        refund_of(row) for row in await tx.all(whole_refunds(refunds.c.order_id == order_id).order_by(refunds.c.id))
    ]


async def refunds_of_payment(tx: Transaction, payment_id: PaymentId) -> list[Refund]:
    """All refunds of a payment, oldest first."""
    return [
        refund_of(row) for row in await tx.all(whole_refunds(refunds.c.payment_id == payment_id).order_by(refunds.c.id))
    ]


async def take_some_due(tx: Transaction, limit: int) -> list[Due]:
    """Refunds to be sent or asked about. Taking one keeps others from it for a minute, and counts the attempt.

    Those of disputed orders wait: the bank may send the money back itself.
    """
    # A look at one order for each refund that is due; as a join it may be planned as a walk over all orders.
    disputed = select(orders.c.disputed).where(orders.c.id == refunds.c.order_id).scalar_subquery()
    due = (
        select(refunds.c.id)
        .where(PENDING, refunds.c.next_attempt_at <= tx.now, ~disputed)
        .order_by(refunds.c.next_attempt_at, refunds.c.id)
        .limit(first(limit))
        .with_for_update(skip_locked=True)
    )
    tx.post(IN_ORDER)
    ids = [row.id for row in await tx.all(due)]
    if not ids:
        return []
    taken = update(refunds).where(refunds.c.id.in_(ids))
    tx.post(taken.values(next_attempt_at=tx.now + LEASE, attempts=refunds.c.attempts + 1))
    found = await tx.all(whole_refunds(refunds.c.id.in_(ids)).order_by(refunds.c.id))
    came = await find_payments(tx, {row.payment_id for row in found})
    return [Due(refund_of(row), came[row.payment_id], row.attempts) for row in found]


async def put_off(tx: Transaction, refund_id: RefundId, attempts: int) -> None:
    """It is not over yet; it is asked about later, twice as late each time."""
    wait = min(_LONGEST_WAIT, timedelta(seconds=2 ** min(attempts, _LAST_DOUBLING)))
    waiting = (refunds.c.id == refund_id) & PENDING
    await tx.execute(update(refunds).where(waiting).values(next_attempt_at=tx.now + wait))


_ADD_ADMISSION: Final = insert(refunded_admissions).values(
    line_id=bindparam("line"), ordinal=bindparam("number"), refund_id=bindparam("refund")
)
_END_ADMISSION: Final = (
    update(admissions)
    .where(admissions.c.line_id == bindparam("line"), admissions.c.ordinal == bindparam("number"))
    .values(live=False)
)
_ADD_ADD_ON: Final = insert(refunded_add_ons).values(
    line_id=bindparam("line"), quantity=bindparam("count"), refund_id=bindparam("refund")
)
_RETURN_ADD_ON: Final = (
    update(order_add_ons)
    .where(order_add_ons.c.id == bindparam("line"))
    .values(returned=order_add_ons.c.returned + bindparam("count"))
)


def _state_of(refund: Refund) -> dict[str, Any]:
    """What of a refund changes."""
    return {
        "status": refund.status,
        "reference": refund.reference,
        "failure": None if refund.failure is None else refund.failure[:500],
        "tries": refund.tries,
        "settled_at": refund.settled_at,
    }


def whole_refunds(condition: ColumnElement[bool]) -> Select[Any]:
    """Refunds with what they took, gathered in two columns."""
    tickets = _gathered(refunded_admissions, refunded_admissions.c.ordinal)
    add_ons = _gathered(refunded_add_ons, refunded_add_ons.c.quantity)
    return select(refunds, tickets.label("tickets"), add_ons.label("add_ons")).where(condition)


def _gathered(table: Table, number: ColumnElement[int]) -> ScalarSelect[Any]:
    pair = func.jsonb_build_array(cast(table.c.line_id, Text), number)
    gathered = func.jsonb_agg(aggregate_order_by(pair, table.c.line_id, number))
    return select(gathered).where(table.c.refund_id == refunds.c.id).correlate(refunds).scalar_subquery()


def _pairs(gathered: list[tuple[str, int]] | None) -> tuple[tuple[OrderLineId, int], ...]:
    return tuple((OrderLineId.from_uuid(UUID(line)), number) for line, number in gathered or ())


def refund_of(row: Row[Any]) -> Refund:
    """A refund from a row of `whole_refunds`."""
    return Refund(
        id=row.id,
        order_id=row.order_id,
        payment_id=row.payment_id,
        provider=row.provider,
        status=row.status,
        source=row.source,
        origin=row.origin,
        amount=Money(row.amount, row.currency),
        fee_returned=Money(row.fee_returned, row.currency),
        reason=row.reason,
        forced=row.forced,
        requested_by=row.requested_by,
        admissions=_pairs(row.tickets),
        add_ons=_pairs(row.add_ons),
        reference=row.reference,
        failure=row.failure,
        tries=row.tries,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )
