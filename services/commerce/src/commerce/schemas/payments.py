"""Payments: by whom to pay, and how that stands."""

from typing import Literal

from commerce.adapters.sandbox.outcomes import Outcome
from commerce.domain.payment import Payment, Status
from common.ids import PaymentId
from common.schemas import Body, MoneyView, View


class NewPayment(Body):
    """By whom to pay."""

    provider: Literal["sandbox", "stripe", "paystack"]


class SandboxOutcome(Body):
    """How a payment of the sandbox shall end."""

    outcome: Outcome


class PaymentView(View):
    """A payment and where it is made."""

    id: PaymentId
    provider: str
    status: Status
    total: MoneyView
    checkout_url: str | None
    reason: str | None

    @classmethod
    def of(cls, payment: Payment) -> "PaymentView":
        """From the domain's value."""
        return cls(
            id=payment.id,
            provider=payment.provider,
            status=payment.status,
            total=MoneyView.of(payment.amount),
            checkout_url=payment.checkout_url,
            reason=payment.reason,
        )
