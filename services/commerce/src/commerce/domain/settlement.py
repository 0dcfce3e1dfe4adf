"""What follows from what a provider says of a payment: a decision that is the same however often and in whatever order it
is told.

A success is final. A failure is not: the buyer may try again on the provider's page, and the success then counts. What
does not fit the order exactly is never fulfilled and never ignored: a person decides. Nor are tickets sold late for what
is over or called off; whoever paid while their hold lived gets them, unless it was called off. Money that comes too late or
twice goes back by itself, unless the event's policy is to ask a person; that for a cancelled event always goes back.
Source: Ticketing anchors 19 to 27, payments anchors 4, 6 and 38.
"""

from dataclasses import dataclass
from enum import Enum

from commerce.domain.order import Order
from commerce.domain.payment import Payment, ProviderPayment
from commerce.domain.sale import NotOnSale
from commerce.domain.sale_settings import LatePayment


class Verdict(Enum):
    """What is to be done."""

    NOTHING = "nothing"
    FAIL = "fail"
    """The payment will not come, as far as is known now."""
    COMPLETE = "complete"
    """The order is paid; its held places become sold."""
    COMPLETE_IF_LEFT = "complete if left"
    """The money came late: the order is paid if its places can still be had; otherwise what `otherwise` says."""
    REFUND = "refund"
    """The money came too late, or twice: it goes back by itself."""
    REVIEW = "review"
    HOLD = "hold"
    """The card is held for the order's total: the organiser decides."""
    LET_GO = "let go"
    """The card is held for nothing that can be approved any more."""
    PAY_AGAIN = "pay again"
    """The card is no longer held although the order still waits, or was approved: the buyer pays anew."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and, where a person must read it, why."""

    verdict: Verdict
    reason: str | None = None


def judge(
    order: Order, closed: NotOnSale | None, policy: LatePayment, payment: Payment, told: ProviderPayment
) -> Judgement:
    """What follows from `told`; `closed` says why nothing is sold for the event any more. The order is locked meanwhile."""
    if payment.status == "succeeded" or told.status == "pending":
        return Judgement(Verdict.NOTHING)
    if told.status == "held":
        return _vouched_for(order, closed, payment, told)
    if told.status != "succeeded" or told.amount.amount <= 0:
        again = payment.status in ("failed", "cancelled")
        why = "nothing_was_paid" if told.status == "succeeded" else told.reason or told.status
        if (
            order.status == "awaiting_approval"
            and payment.held_at is not None
            and payment.wanted != "void"
            and not again
        ):
            return Judgement(Verdict.PAY_AGAIN, why)
        return Judgement(Verdict.NOTHING) if again else Judgement(Verdict.FAIL, why)
    mismatch = _mismatch(order, payment, told)
    if mismatch is not None:
        return Judgement(Verdict.REVIEW, mismatch)
    return _received(order, closed, policy, payment)


def _vouched_for(order: Order, closed: NotOnSale | None, payment: Payment, told: ProviderPayment) -> Judgement:
    """A held card is no money yet, so whatever does not fit is let go of and needs no person."""
    if payment.wanted is not None:
        return Judgement(Verdict.NOTHING)
    reason = _mismatch(order, payment, told) or (closed if closed == "event_cancelled" else None)
    if reason is None and payment.held_at is not None and order.status == "awaiting_approval":
        return Judgement(Verdict.NOTHING)
    if reason is None and order.status == "awaiting_payment" and order.capture == "manual":
        return Judgement(Verdict.HOLD)
    return Judgement(Verdict.LET_GO, reason or f"order_was_{order.status}")


def otherwise(policy: LatePayment) -> Verdict:
    """What becomes of money that cannot be used: by the event's policy it goes back, or a person decides."""
    return Verdict.REVIEW if policy == "complete_or_review" else Verdict.REFUND


def _received(order: Order, closed: NotOnSale | None, policy: LatePayment, payment: Payment) -> Judgement:
    if order.status in ("paid", "partially_refunded", "refunded"):
        return Judgement(otherwise(policy), "paid_twice")
    taken_unasked = order.status == "awaiting_approval" and payment.wanted != "capture"
    if order.status == "review" or taken_unasked:
        return Judgement(Verdict.REVIEW, f"order_was_{order.status}")
    if closed == "event_cancelled":
        return Judgement(Verdict.REFUND, closed)
    if order.status == "cancelled":
        return Judgement(otherwise(policy), "order_was_cancelled")
    late = order.status == "expired"
    if late and closed is not None:
        return Judgement(otherwise(policy), closed)
    if late and policy == "refund":
        return Judgement(Verdict.REFUND, "late")
    if order.capture == "manual" and order.status != "awaiting_approval":
        # Begun before the order was changed to what needs a yes, or taken at the provider itself: nobody approved it.
        return Judgement(Verdict.REVIEW, "not_approved")
    return Judgement(Verdict.COMPLETE_IF_LEFT if late else Verdict.COMPLETE)


def _mismatch(order: Order, payment: Payment, told: ProviderPayment) -> str | None:
    if told.mismatch is not None:
        return told.mismatch
    if told.order_id != order.id or payment.order_id != order.id:
        return "other_order"
    if payment.reference is not None and told.reference != payment.reference:
        return "other_reference"
    if told.amount.currency != payment.amount.currency:
        return "other_currency"
    # An order may have been changed since a payment of it failed; a failed one that comes after all no longer pays it.
    unpaid = order.status in ("awaiting_payment", "expired")
    return None if told.amount == payment.amount and not (unpaid and payment.amount != order.total) else "other_amount"
