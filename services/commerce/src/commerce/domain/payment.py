"""A payment of an order, and what its provider says of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from common.ids import OrderId, PaymentId
from common.money import Money

Status = Literal["created", "pending", "succeeded", "failed", "cancelled"]
Told = Literal["pending", "succeeded", "failed", "cancelled"]
Provider = Literal["sandbox", "stripe", "paystack"]

MOST_PER_ORDER = 20
"""More attempts than a person makes: a program is trying."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Our side of a payment. `created` is an intent whose provider has not answered yet."""

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


@dataclass(frozen=True, slots=True)
class Opened:
    """What a provider answered when the payment was begun there."""

    reference: str
    checkout_url: str


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """The provider's own view, fetched from it. `payment_id` and `order_id` are what we gave it to keep."""

    reference: str
    payment_id: PaymentId
    order_id: OrderId
    status: Told
    amount: Money
    reason: str | None = None


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
    return replace(payment, version=payment.version + 1, status=status, reference=known, reason=reason)
