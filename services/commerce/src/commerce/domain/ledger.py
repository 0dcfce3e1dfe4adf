"""Which accounts money moves between. One transfer is both entries of a double entry, so the books balance at every moment."""

from dataclasses import dataclass
from typing import Literal

from common.ids import OrderId, OrganizationId, PaymentId
from common.money import Money

Account = Literal["provider_receivable", "organiser_payable", "platform_fees", "unallocated"]
Kind = Literal["charge", "unallocated"]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money moves from the credited to the debited account. `amount` is more than nothing."""

    order_id: OrderId
    payment_id: PaymentId
    organization_id: OrganizationId
    provider: str
    kind: Kind
    debit: Account
    credit: Account
    amount: Money


def charge(
    order_id: OrderId, payment_id: PaymentId, organization_id: OrganizationId, provider: str, amount: Money
) -> Transfer:
    """The provider owes us what the buyer paid, and we owe it to the organiser. The platform's fee is nothing for now."""
    return Transfer(
        order_id, payment_id, organization_id, provider, "charge", "provider_receivable", "organiser_payable", amount
    )


def unallocated(
    order_id: OrderId, payment_id: PaymentId, organization_id: OrganizationId, provider: str, amount: Money
) -> Transfer:
    """The provider owes us money that fits no order as it stands: nobody's until a person decides."""
    return Transfer(
        order_id, payment_id, organization_id, provider, "unallocated", "provider_receivable", "unallocated", amount
    )
