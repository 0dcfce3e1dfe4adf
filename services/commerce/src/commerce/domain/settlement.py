"""What follows from what a provider says of a payment: a decision that is the same however often and in whatever order it
is told.

A success is final. A failure is not: the buyer may try again on the provider's page, and the success then counts. What
does not fit the order exactly is never fulfilled and never ignored: a person decides. Nor are tickets sold late for what
is over or called off; whoever paid while their hold lived gets them, unless it was called off.
Source: Ticketing anchors 19 to 27, payments anchors 4, 6 and 38.
"""

from dataclasses import dataclass
from enum import Enum

from commerce.domain.order import Order
from commerce.domain.payment import Payment, ProviderPayment
from commerce.domain.sale import NotOnSale


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


def judge(order: Order, closed: NotOnSale | None, payment: Payment, told: ProviderPayment) -> Judgement:
    """What follows from `told`; `closed` says why nothing is sold for the event any more. The order is locked meanwhile."""
    if payment.status == "succeeded" or told.status == "pending":
        return Judgement(Verdict.NOTHING)
    if told.status != "succeeded" or told.amount.amount <= 0:
        again = payment.status in ("failed", "cancelled")
        why = "nothing_was_paid" if told.status == "succeeded" else told.reason or told.status
        return Judgement(Verdict.NOTHING) if again else Judgement(Verdict.FAIL, why)
    mismatch = _mismatch(order, payment, told)
    if mismatch is not None:
        return Judgement(Verdict.REVIEW, mismatch)
    return _received(order, closed)


def _received(order: Order, closed: NotOnSale | None) -> Judgement:
    if order.status in ("paid", "partially_refunded", "refunded"):
        return Judgement(Verdict.SURPLUS, "paid_twice")
    if order.status not in ("awaiting_payment", "expired"):
        return Judgement(Verdict.REVIEW, f"order_was_{order.status}")
    late = order.status == "expired"
    if closed == "event_cancelled" or (late and closed is not None):
        return Judgement(Verdict.REVIEW, closed)
    return Judgement(Verdict.COMPLETE_IF_LEFT if late else Verdict.COMPLETE)


def _mismatch(order: Order, payment: Payment, told: ProviderPayment) -> str | None:
    if told.order_id != order.id or payment.order_id != order.id:
        return "other_order"
    if payment.reference is not None and told.reference != payment.reference:
        return "other_reference"
    if told.amount.currency != payment.amount.currency:
        return "other_currency"
    return None if told.amount == payment.amount else "other_amount"
