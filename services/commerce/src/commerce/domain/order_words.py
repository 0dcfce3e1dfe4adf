"""How an order stands, in words for whoever bought it: what is so, and what comes next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from commerce.domain.order import Order

Tone = Literal["good", "warn", "bad", "quiet"]


@dataclass(frozen=True, slots=True)
class Words:
    """`title` is a badge, `next_step` a sentence or two under it."""

    title: str
    tone: Tone
    next_step: str


def words_for(order: Order, now: datetime, rejected_because: str | None = None, *, closed: bool = False) -> Words:
    """What the order's page says. `rejected_because` is what the organiser wrote when they said no; `closed`, that nobody
    begins to pay for its event any more."""
    if order.status == "awaiting_payment" and closed:
        return Words(
            "Not for sale any more",
            "bad",
            "Nothing can be paid for this event now. The organiser knows more.",
        )
    if order.status == "awaiting_payment":
        return _to_be_paid(order, now)
    if order.status == "awaiting_approval":
        return _undecided(order)
    if order.status == "cancelled" and rejected_because is not None:
        return Words(
            "Not approved",
            "bad",
            f"The organiser said no, and your card was not charged. Their reason: {rejected_because}",
        )
    return _settled(order)


def _to_be_paid(order: Order, now: datetime) -> Words:
    if order.reserved_until is not None and now >= order.reserved_until:
        return Words("Time is up", "bad", "The time to pay ran out. The tickets go back on sale; order again.")
    if order.origin == "waiting_list":
        return Words(
            "Your turn", "warn", "What you waited for is kept for you. Pay in time, or it goes to whoever is next."
        )
    if order.capture == "manual":
        return Words(
            "Waiting for payment",
            "warn",
            "The organiser approves each order. Your card is held for the total first, and charged only if they say yes.",
        )
    return Words("Waiting for payment", "warn", "Pay while the tickets are kept for you.")


def _undecided(order: Order) -> Words:
    if not order.total:
        return Words(
            "Waiting for the organiser", "warn", "They decide whether you get the tickets. You will have a mail."
        )
    return Words(
        "Waiting for the organiser",
        "warn",
        f"Your card is held for {order.total}, and nothing was charged. If the organiser says no, or nothing, the hold ends.",
    )


def _settled(order: Order) -> Words:
    if order.status == "paid":
        return Words("Paid", "good", "You are going. Have the pass at hand when you come.")
    if order.status == "partially_refunded":
        return Words("Partly refunded", "warn", "Some of it was given back. What is left stays valid.")
    if order.status == "refunded":
        return Words("Refunded", "quiet", "All of it was given back, and the tickets are no longer valid.")
    if order.status == "expired":
        return Words(
            "Expired", "bad", "It was not completed in time, so nothing is reserved any more. Order again if you like."
        )
    if order.status == "cancelled":
        return Words("Cancelled", "quiet", "It was called off before it was paid. Nothing is reserved any more.")
    return Words(
        "Being checked",
        "warn",
        "Money arrived that does not fit this order. A person looks at it; you need not do anything, and must not pay again.",
    )
