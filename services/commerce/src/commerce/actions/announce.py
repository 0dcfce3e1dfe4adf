"""Says an order's or a payment's whole public state."""

from typing import Final, TypeVar

from commerce.domain.order import Order, Status
from commerce.domain.payment import Payment
from common.db import Transaction
from common.messages import (
    AdmissionPart,
    LinePart,
    MoneyPart,
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    PaymentReviewNeeded,
)
from common.money import Money

OrderMessage = OrderPlaced | OrderPaid | OrderExpired | OrderCancelled | OrderRefunded
PaymentMessage = TypeVar("PaymentMessage", PaymentFailed, PaymentReviewNeeded)

_SAID_BY_STATUS: Final[dict[Status, type[OrderMessage]]] = {
    "awaiting_payment": OrderPlaced,
    "awaiting_approval": OrderPlaced,
    "paid": OrderPaid,
    "partially_refunded": OrderRefunded,
    "refunded": OrderRefunded,
    "expired": OrderExpired,
    "cancelled": OrderCancelled,
    "review": OrderPlaced,
}
"""An order in review was at least placed; its status field says the rest."""


def announce_order(tx: Transaction, order: Order) -> None:
    """Publish the message that fits the order's status."""
    kind = _SAID_BY_STATUS[order.status]
    tx.publish(
        kind(
            sequence=order.version,
            order_id=order.id,
            event_id=order.event_id,
            event_name=order.event_name,
            organization_id=order.organization_id,
            buyer_user_id=order.buyer_user_id,
            buyer_email=order.buyer_email,
            buyer_name=order.buyer_name,
            status=order.status,
            disputed=order.disputed,
            total=_money(order.total),
            lines=[
                LinePart(
                    line_id=line.id,
                    ticket_tier_id=line.ticket_tier_id,
                    ticket_tier_name=line.ticket_tier_name,
                    quantity=line.quantity,
                    unit_price=_money(line.unit_price),
                )
                for line in order.lines
            ],
            admissions=_admissions(order),
            page_path=order.page_path,
            placed_at=order.placed_at,
            paid_at=order.paid_at,
        )
    )


def announce_payment(tx: Transaction, kind: type[PaymentMessage], payment: Payment, order: Order) -> None:
    """Publish what became of a payment."""
    tx.publish(
        kind(
            sequence=payment.version,
            payment_id=payment.id,
            order_id=order.id,
            organization_id=order.organization_id,
            buyer_user_id=order.buyer_user_id,
            provider=payment.provider,
            status=payment.status,
            total=_money(payment.amount),
            reason=payment.reason,
        )
    )


def _admissions(order: Order) -> list[AdmissionPart]:
    """Those of an order that gave its places back are not live, whatever they were."""
    kept = order.holding != "released"
    return [
        AdmissionPart(
            line_id=line.id,
            ordinal=admission.ordinal,
            ticket_tier_id=line.ticket_tier_id,
            ticket_tier_name=line.ticket_tier_name,
            attendee_name=admission.attendee_name,
            attendee_email=admission.attendee_email,
            live=admission.live and kept,
        )
        for line in order.lines
        for admission in line.admissions
    ]


def _money(money: Money) -> MoneyPart:
    return MoneyPart(amount=money.amount, currency=money.currency)
