"""Says an order's or a payment's whole public state."""

from typing import Final

from commerce.domain.order import Order, Status
from commerce.domain.payment import Payment
from commerce.domain.sale import Event
from commerce.domain.waiting_list import Entry
from common.db import Transaction
from common.ids import RefundId
from common.messages import (
    AddOnPart,
    AdmissionPart,
    LinePart,
    MoneyPart,
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderRejected,
    OrderResendRequested,
    PaymentFailed,
    PaymentReviewNeeded,
    WaitingListPlacesOffered,
)
from common.money import Money

OrderMessage = OrderPlaced | OrderPaid | OrderExpired | OrderCancelled | OrderRefunded

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


def announce_order(tx: Transaction, order: Order, *, again: bool = False) -> None:
    """Publish the message that fits the order's status; `again` when nothing happened and copies are to be rebuilt."""
    _announce(tx, _SAID_BY_STATUS[order.status], order, again=again)


def announce_refund(tx: Transaction, order: Order) -> None:
    """Publish that money went back, or is held because a bank asks for it: the status and the flag say which."""
    _announce(tx, OrderRefunded, order)


def _announce(tx: Transaction, kind: type[OrderMessage], order: Order, *, again: bool = False) -> None:
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
            lines=_lines(order),
            admissions=_admissions(order),
            page_path=order.page_path,
            placed_at=order.placed_at,
            paid_at=order.paid_at,
            add_ons=tuple(
                AddOnPart(
                    line_id=line.id,
                    add_on_id=line.add_on_id,
                    add_on_name=line.add_on_name,
                    quantity=line.quantity,
                    returned=line.returned,
                    unit_price=_money(line.unit_price),
                )
                for line in order.add_ons
            ),
            discount=_money(order.sums.discount),
            fees=_money(order.sums.fees),
            tax=_money(order.sums.tax),
            refunded=_money(order.refunded),
            said_again=again,
        )
    )


def announce_payment(tx: Transaction, payment: Payment, order: Order) -> None:
    """Publish that a payment will not come."""
    tx.publish(
        PaymentFailed(
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


def announce_review(tx: Transaction, payment: Payment, order: Order, refund_id: RefundId | None = None) -> None:
    """Publish that money fits no order as it stands: a person must decide, or it goes back by the named refund."""
    tx.publish(
        PaymentReviewNeeded(
            sequence=payment.version,
            payment_id=payment.id,
            order_id=order.id,
            organization_id=order.organization_id,
            buyer_user_id=order.buyer_user_id,
            provider=payment.provider,
            status=payment.status,
            total=_money(payment.amount),
            reason=payment.reason,
            refund_id=refund_id,
        )
    )


def announce_rejection(tx: Transaction, order: Order, reason: str) -> None:
    """Publish that the organiser said no."""
    tx.publish(
        OrderRejected(
            sequence=order.version,
            order_id=order.id,
            event_id=order.event_id,
            event_name=order.event_name,
            organization_id=order.organization_id,
            buyer_user_id=order.buyer_user_id,
            buyer_email=order.buyer_email,
            reason=reason,
            page_path=order.page_path,
        )
    )


def announce_resend(tx: Transaction, order: Order, request: int) -> None:
    """Publish that the mail about it is wanted once more; the order itself did not move."""
    tx.publish(
        OrderResendRequested(
            sequence=request,
            order_id=order.id,
            event_name=order.event_name,
            organization_id=order.organization_id,
            buyer_user_id=order.buyer_user_id,
            buyer_email=order.buyer_email,
            status=order.status,
            lines=_lines(order),
            page_path=order.page_path,
            request=request,
        )
    )


def announce_offer(tx: Transaction, entry: Entry, event: Event, order: Order) -> None:
    """Publish that someone's turn came."""
    assert order.reserved_until is not None, "an offer stands until a time"
    tx.publish(
        WaitingListPlacesOffered(
            sequence=1,
            entry_id=entry.id,
            order_id=order.id,
            event_id=order.event_id,
            event_name=order.event_name,
            timezone=event.timezone,
            organization_id=order.organization_id,
            user_id=entry.user_id,
            email=entry.email,
            ticket_tier_name=order.lines[0].ticket_tier_name,
            quantity=entry.quantity,
            total=_money(order.total),
            page_path=order.page_path,
            reserved_until=order.reserved_until,
        )
    )


def _lines(order: Order) -> list[LinePart]:
    return [
        LinePart(
            line_id=line.id,
            ticket_tier_id=line.ticket_tier_id,
            ticket_tier_name=line.ticket_tier_name,
            quantity=line.quantity,
            unit_price=_money(line.unit_price),
        )
        for line in order.lines
    ]


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
