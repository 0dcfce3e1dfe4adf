"""Which accounts money moves between. One transfer is both entries of a double entry, so the books balance at every moment.

What others owe us is debited: `provider_receivable`, and `door_receivable` for what organisers took at their doors. What we
owe is credited: `organiser_payable`, `refunds_due` to buyers, `unallocated` to nobody known yet, `dispute_held` until a
bank decides. `platform_fees` is earned, `paid_out` left the house.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from commerce.domain.dispute import Dispute
from commerce.domain.order import Order
from commerce.domain.refund import Refund
from common.ids import OrderId, OrganizationId, PaymentId, PayoutId, RefundId
from common.money import Money

Account = Literal[
    "provider_receivable",
    "organiser_payable",
    "platform_fees",
    "unallocated",
    "refunds_due",
    "dispute_held",
    "door_receivable",
    "paid_out",
]
Kind = Literal[
    "charge",
    "door_charge",
    "platform_fee",
    "unallocated",
    "allocation",
    "refund_due",
    "fee_returned",
    "refund_sent",
    "refund_bounced",
    "dispute_held",
    "dispute_released",
    "second_debit",
    "door_settled",
    "payout",
]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money moves from the credited to the debited account. `amount` is more than nothing.

    It is about an order, or about a payout of an organisation.
    """

    organization_id: OrganizationId
    kind: Kind
    debit: Account
    credit: Account
    amount: Money
    order_id: OrderId | None = None
    provider: str | None = None
    payment_id: PaymentId | None = None
    refund_id: RefundId | None = None
    dispute_id: int | None = None
    payout_id: PayoutId | None = None


def charge(order: Order, payment_id: PaymentId, provider: str, amount: Money) -> tuple[Transfer, ...]:
    """The provider owes us what the buyer paid; we owe it to the organiser, less the platform's fee."""
    made = Transfer(
        order.organization_id,
        "charge",
        "provider_receivable",
        "organiser_payable",
        amount,
        order_id=order.id,
        provider=provider,
        payment_id=payment_id,
    )
    return (made, *_fee(order, provider, payment_id))


def door_charge(order: Order) -> tuple[Transfer, ...]:
    """The organiser took the money at the door: they owe it to us as we owe it to them, and the platform's fee is due."""
    if not order.total:
        return ()
    made = Transfer(
        order.organization_id, "door_charge", "door_receivable", "organiser_payable", order.total, order_id=order.id
    )
    return (made, *_fee(order, None, None))


def unallocated(order: Order, payment_id: PaymentId, provider: str, amount: Money) -> Transfer:
    """The provider owes us money that fits no order as it stands: nobody's until it is decided on."""
    return Transfer(
        order.organization_id,
        "unallocated",
        "provider_receivable",
        "unallocated",
        amount,
        order_id=order.id,
        provider=provider,
        payment_id=payment_id,
    )


def allocation(order: Order, payment_id: PaymentId, provider: str) -> tuple[Transfer, ...]:
    """A person decided that money put aside pays the order after all: exactly its total."""
    made = Transfer(
        order.organization_id,
        "allocation",
        "unallocated",
        "organiser_payable",
        order.total,
        order_id=order.id,
        provider=provider,
        payment_id=payment_id,
    )
    return (made, *_fee(order, provider, payment_id))


def refund_due(order: Order, refund: Refund) -> tuple[Transfer, ...]:
    """We owe the buyer what the organiser, or nobody, had of it; the platform gives its part of the fee up."""
    moved = (
        _of_refund(order, refund, "refund_due", refund.source, "refunds_due", refund.amount),
        _of_refund(order, refund, "fee_returned", "platform_fees", "organiser_payable", refund.fee_returned),
    )
    return _something(moved)


def refund_sent(order: Order, refund: Refund) -> tuple[Transfer, ...]:
    """The money went back the way it came: the provider owes us less, or the organiser's till does."""
    way: Account = "door_receivable" if refund.payment_id is None else "provider_receivable"
    return _something((_of_refund(order, refund, "refund_sent", "refunds_due", way, refund.amount),))


def refund_bounced(order: Order, refund: Refund) -> tuple[Transfer, ...]:
    """The money came back from the buyer's bank: the provider has it, and we owe it once more."""
    return (_of_refund(order, refund, "refund_bounced", "provider_receivable", "refunds_due", refund.amount),)


def dispute_held(order: Order, dispute: Dispute) -> tuple[Transfer, ...]:
    """Nobody's while the buyer's bank decides."""
    return _something((_of_dispute(order, dispute, "dispute_held", dispute.source, "dispute_held", dispute.held),))


def dispute_released(order: Order, dispute: Dispute) -> tuple[Transfer, ...]:
    """The dispute is over. Where it was lost, what went back is booked as a refund."""
    return _something((_of_dispute(order, dispute, "dispute_released", "dispute_held", dispute.source, dispute.held),))


def second_debit(order: Order, dispute: Dispute, amount: Money) -> tuple[Transfer, ...]:
    """A bank took what had gone back before: the provider owes us less once more, and the organiser bears it, as every
    dispute that is lost."""
    return _something(
        (_of_dispute(order, dispute, "second_debit", "organiser_payable", "provider_receivable", amount),)
    )


def payout(organization_id: OrganizationId, payout_id: PayoutId, amount: Money, at_door: Money) -> tuple[Transfer, ...]:
    """What we owed an organiser left the house; what they took at their doors is set against it, or given back to them."""
    sent = Transfer(organization_id, "payout", "organiser_payable", "paid_out", amount, payout_id=payout_id)
    debit: Account = "organiser_payable" if at_door.amount > 0 else "door_receivable"
    credit: Account = "door_receivable" if at_door.amount > 0 else "organiser_payable"
    size = Money(abs(at_door.amount), at_door.currency)
    settled = Transfer(organization_id, "door_settled", debit, credit, size, payout_id=payout_id)
    return _something((sent, settled))


def _fee(order: Order, provider: str | None, payment_id: PaymentId | None) -> tuple[Transfer, ...]:
    fee = Transfer(
        order.organization_id,
        "platform_fee",
        "organiser_payable",
        "platform_fees",
        order.sums.platform_fee,
        order_id=order.id,
        provider=provider,
        payment_id=payment_id,
    )
    return _something((fee,))


def _of_refund(order: Order, refund: Refund, kind: Kind, debit: Account, credit: Account, amount: Money) -> Transfer:
    return Transfer(
        order.organization_id,
        kind,
        debit,
        credit,
        amount,
        order_id=order.id,
        provider=refund.provider,
        payment_id=refund.payment_id,
        refund_id=refund.id,
    )


def _of_dispute(order: Order, dispute: Dispute, kind: Kind, debit: Account, credit: Account, amount: Money) -> Transfer:
    return Transfer(
        order.organization_id,
        kind,
        debit,
        credit,
        amount,
        order_id=order.id,
        provider=dispute.provider,
        payment_id=dispute.payment_id,
        dispute_id=dispute.id,
    )


def _something(transfers: Iterable[Transfer]) -> tuple[Transfer, ...]:
    """Nothing is not moved."""
    return tuple(transfer for transfer in transfers if transfer.amount)
