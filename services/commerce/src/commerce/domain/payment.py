"""A payment of an order, and what its provider says of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from commerce.domain.dispute import ProviderDispute
from commerce.domain.order import Capture
from commerce.domain.refund import ProviderRefund
from common.ids import OrderId, PaymentId
from common.money import Money

Status = Literal["created", "pending", "succeeded", "failed", "cancelled"]
Told = Literal["pending", "held", "succeeded", "failed", "cancelled"]
"""`held`: the card vouches for the amount, nothing was taken yet."""
Wanted = Literal["capture", "void"]
"""What is to be done at the provider with a payment: take what is held, or let go of it so that nobody pays it any more."""

MOST_PER_ORDER = 20
"""More attempts than a person makes: a program is trying."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Our side of a payment. `created` is an intent whose provider has not answered yet.

    `held_at` is since when the card is held, `wanted` an intent towards the provider that has no outcome yet.
    """

    id: PaymentId
    version: int
    order_id: OrderId
    provider: str
    status: Status
    amount: Money
    reference: str | None
    checkout_url: str | None
    reason: str | None
    created_at: datetime
    capture: Capture = "automatic"
    held_at: datetime | None = None
    wanted: Wanted | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What a provider answered when the payment was begun there."""

    reference: str
    checkout_url: str


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """The provider's own view, fetched from it. `payment_id` and `order_id` are what we gave it to keep.

    A payment that was refunded or disputed afterwards is still `succeeded`; `refunds` and `disputes` are all there are of
    it, those made at the provider's own pages as well. `mismatch` says why it cannot be the payment that we began, where
    the provider itself shows it: `other_mode`, `other_account`, `other_order`.
    """

    reference: str
    payment_id: PaymentId
    order_id: OrderId
    status: Told
    amount: Money
    reason: str | None = None
    refunds: tuple[ProviderRefund, ...] = ()
    disputes: tuple[ProviderDispute, ...] = ()
    mismatch: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """One payment in the list of a provider's day. `payment_id` is None for one that carries no id of ours.

    `amount` is what came of it, and `refunded` what went back; None where the list does not say.
    """

    reference: str
    payment_id: PaymentId | None
    status: Told
    amount: Money
    refunded: Money | None


def opened(payment: Payment, at_provider: Opened) -> Payment:
    """The provider answered. A webhook may have been faster; what it brought stays."""
    return replace(
        payment,
        version=payment.version + 1,
        status="pending" if payment.status == "created" else payment.status,
        reference=at_provider.reference,
        checkout_url=at_provider.checkout_url,
    )


def settled(payment: Payment, status: Status, reference: str, reason: str | None = None) -> Payment:
    """The provider said how it ended. The name it gave the payment in the beginning stays."""
    known = payment.reference or reference
    return replace(payment, version=payment.version + 1, status=status, reference=known, reason=reason, wanted=None)


def held(payment: Payment, reference: str, now: datetime) -> Payment:
    """The card vouches for the amount."""
    known = payment.reference or reference
    held_at = now if payment.capture == "manual" else None
    return replace(payment, version=payment.version + 1, status="pending", reference=known, held_at=held_at)


def wanting(payment: Payment, wanted: Wanted) -> Payment:
    """What is to be done at the provider; a job goes on with it until there is an outcome."""
    return replace(payment, version=payment.version + 1, wanted=wanted)


def never_begun(payment: Payment, reason: str) -> Payment:
    """The provider refused to begin it, for good: there is nothing there that anybody could pay."""
    return replace(payment, version=payment.version + 1, status="failed", reason=reason, wanted=None)
