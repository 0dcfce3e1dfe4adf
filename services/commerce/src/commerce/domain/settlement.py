"""What follows from what a provider says of a payment: a decision that is the same however often and in whatever order it
is told.

A success is final. A failure is not: the buyer may try again on the provider's page, and the success then counts. What
does not fit the order exactly is never fulfilled and never ignored: a person decides.
Source: Ticketing anchors 19 to 27, payments anchors 4, 6 and 38.
"""

from dataclasses import dataclass
from enum import Enum

from commerce.domain.order import Order
from commerce.domain.payment import Payment, ProviderPayment
from commerce.domain.sale import EventStatus


class Verdict(Enum):
    """What is to be done."""

    NOTHING = "nothing"
    FAIL = "fail"
    """The payment will not come, as far as is known now."""
    COMPLETE = "complete"
    """The order is paid; its held places become sold."""
    COMPLETE_IF_LEFT = "complete if left"
    """The money came late: the order is paid if its places can still be had, otherwise a person decides."""
    SURPLUS = "surplus"
    """The order was paid before: this is money too much, to be given back."""
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and, where a person must read it, why."""

    verdict: Verdict
    reason: str | None = None


def judge(order: Order, event_status: EventStatus | None, payment: Payment, told: ProviderPayment) -> Judgement:
    """What follows from `told`. The order is locked while this is decided."""
    if payment.status == "succeeded" or told.status == "pending":
        return Judgement(Verdict.NOTHING)
    if told.status in ("failed", "cancelled"):
        again = payment.status in ("failed", "cancelled")
        return Judgement(Verdict.NOTHING) if again else Judgement(Verdict.FAIL, told.reason or told.status)
    mismatch = _mismatch(order, payment, told)
    if mismatch is not None:
        return Judgement(Verdict.REVIEW, mismatch)
    return _received(order, event_status)


def _received(order: Order, event_status: EventStatus | None) -> Judgement:
    if order.status in ("paid", "partially_refunded", "refunded"):
        return Judgement(Verdict.SURPLUS, "paid_twice")
    if order.status not in ("awaiting_payment", "expired"):
        return Judgement(Verdict.REVIEW, f"order_was_{order.status}")
    if event_status == "cancelled":
        return Judgement(Verdict.REVIEW, "event_cancelled")
    return Judgement(Verdict.COMPLETE if order.status == "awaiting_payment" else Verdict.COMPLETE_IF_LEFT)


def _mismatch(order: Order, payment: Payment, told: ProviderPayment) -> str | None:
    if told.order_id != order.id or payment.order_id != order.id:
        return "other_order"
    if payment.reference is not None and told.reference != payment.reference:
        return "other_reference"
    if told.amount.currency != payment.amount.currency:
        return "other_currency"
    return None if told.amount == payment.amount else "other_amount"
