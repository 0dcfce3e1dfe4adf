"""Tells people what commerce says about their money: one mail for an order, and a line inside the app."""

from common.db import Transaction
from common.messages import OrderPaid, PaymentFailed, PaymentReviewNeeded
from identity.actions.means import Means
from identity.actions.notify import notify
from identity.actions.queue_mail import queue_mail
from identity.formats.mails import BoughtLine, order_paid
from identity.store import members
from identity.store.notifications import Notice

MONEY_ROLES = ("owner", "admin", "finance")


async def thank_for_order(tx: Transaction, means: Means, order: OrderPaid) -> None:
    """Mail the buyer the link to the order, once per order, however often the message comes."""
    link = means.public_url + order.page_path
    lines = [BoughtLine(line.quantity, line.ticket_tier_name) for line in order.lines]
    key = f"order.paid:{order.order_id}"
    await queue_mail(tx, means, key, order.buyer_email, order_paid(order.event_name, lines, link))
    count = sum(line.quantity for line in order.lines)
    tickets = "1 ticket" if count == 1 else f"{count} tickets"
    notice = Notice(key, "order.paid", f"You are going to {order.event_name}", f"{tickets} bought.", link)
    await notify(tx, [order.buyer_user_id], notice)


async def regret_payment(tx: Transaction, payment: PaymentFailed) -> None:
    """Tell the buyer that a payment will not come."""
    notice = Notice(
        key=f"payment.failed:{payment.payment_id}",
        kind="payment.failed",
        title="Your payment did not go through",
        body="You were not charged. Try again while your tickets are reserved.",
    )
    await notify(tx, [payment.buyer_user_id], notice)


async def ask_for_review(tx: Transaction, payment: PaymentReviewNeeded) -> None:
    """Tell the buyer that someone is looking at it, and those who look after an organisation's money to do so."""
    key = f"payment.review_needed:{payment.payment_id}"
    kind = "payment.review_needed"
    buyer = Notice(
        key, kind, "We are checking your payment", "It arrived, but does not fit your order. We will come back to you."
    )
    team = Notice(
        key, kind, "A payment needs your decision", f"A payment for order {payment.order_id} does not fit the order."
    )
    await notify(tx, [payment.buyer_user_id], buyer)
    people = await members.team_with_roles(tx, payment.organization_id, MONEY_ROLES)
    await notify(tx, people, team)
