"""Tells people what commerce says about their money: one mail for an order, and a line inside the app."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.db import Transaction
from common.messages import (
    OrderPaid,
    OrderRejected,
    OrderResendRequested,
    PaymentFailed,
    PaymentReviewNeeded,
    WaitingListPlacesOffered,
    WebhookEndpointDisabled,
)
from common.money import Money
from identity.actions.means import Means
from identity.actions.notify import notify
from identity.actions.queue_mail import queue_mail
from identity.formats.mails import BoughtLine, order_again, order_paid, order_rejected, places_offered
from identity.store import members
from identity.store.notifications import Notice

MONEY_ROLES = ("owner", "admin", "finance")
WEBHOOK_ROLES = ("owner", "admin")


async def thank_for_order(tx: Transaction, means: Means, order: OrderPaid) -> None:
    """Mail the buyer the link to the order, once per order, however often the message comes."""
    link = means.public_url + order.page_path
    lines = [BoughtLine(line.quantity, line.ticket_tier_name) for line in order.lines]
    key = f"order.paid:{order.order_id}"
    queue_mail(tx, means, key, order.buyer_email, order_paid(order.event_name, lines, link))
    count = sum(line.quantity for line in order.lines)
    tickets = "1 ticket" if count == 1 else f"{count} tickets"
    notice = Notice(key, "order.paid", f"You are going to {order.event_name}", f"{tickets} bought.", link)
    await notify(tx, [order.buyer_user_id], notice)


async def send_order_again(tx: Transaction, means: Means, order: OrderResendRequested) -> None:
    """Mail the buyer the link once more, once for each request, however often the message comes."""
    lines = [BoughtLine(line.quantity, line.ticket_tier_name) for line in order.lines]
    key = f"order.resend_requested:{order.order_id}:{order.request}"
    mail = order_again(order.event_name, lines, means.public_url + order.page_path)
    queue_mail(tx, means, key, order.buyer_email, mail)


async def tell_of_offer(tx: Transaction, means: Means, offer: WaitingListPlacesOffered) -> None:
    """Mail whoever waited that their turn came, once per offer, however often the message comes."""
    link = means.public_url + offer.page_path
    line = BoughtLine(offer.quantity, offer.ticket_tier_name)
    total = Money(offer.total.amount, offer.total.currency)
    until = _local(offer.reserved_until, offer.timezone)
    key = f"waiting_list.places_offered:{offer.entry_id}"
    mail = places_offered(offer.event_name, line, str(total) if total else None, until, link)
    queue_mail(tx, means, key, offer.email, mail)
    title, body = f"Your turn: {offer.event_name}", f"{offer.quantity} × {offer.ticket_tier_name}, kept until {until}."
    await notify(tx, [offer.user_id], Notice(key, "waiting_list.places_offered", title, body, link))


async def tell_of_rejection(tx: Transaction, means: Means, order: OrderRejected) -> None:
    """Mail the buyer that the organiser said no, once per order, however often the message comes."""
    link = means.public_url + order.page_path
    key = f"order.rejected:{order.order_id}"
    queue_mail(tx, means, key, order.buyer_email, order_rejected(order.event_name, order.reason, link))
    title, body = f"{order.event_name}: not approved", "The organiser said no to your order. Your card was not charged."
    await notify(tx, [order.buyer_user_id], Notice(key, "order.rejected", title, body, link))


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
    """Tell the buyer that someone is looking at it, and those who look after an organisation's money to do so.

    Money that goes back by itself needs nobody; the buyer is told that it comes.
    """
    key = f"payment.review_needed:{payment.payment_id}"
    kind = "payment.review_needed"
    if payment.refund_id is not None:
        title = "Your payment goes back to you"
        sent = Notice(
            key, kind, title, "It came too late for your order, or was one too many. You are refunded in full."
        )
        await notify(tx, [payment.buyer_user_id], sent)
        return
    buyer = Notice(
        key, kind, "We are checking your payment", "It arrived, but does not fit your order. We will come back to you."
    )
    team = Notice(
        key, kind, "A payment needs your decision", f"A payment for order {payment.order_id} does not fit the order."
    )
    await notify(tx, [payment.buyer_user_id], buyer)
    people = await members.team_with_roles(tx, payment.organization_id, MONEY_ROLES)
    await notify(tx, people, team)


async def tell_of_lost_webhook(tx: Transaction, endpoint: WebhookEndpointDisabled) -> None:
    """Tell those who may set it right that a system of theirs hears no more of orders."""
    why = "It said that it is gone." if endpoint.reason == "gone" else "It took nothing for five days."
    notice = Notice(
        key=f"webhook_endpoint.disabled:{endpoint.webhook_endpoint_id}:{endpoint.sequence}",
        kind="webhook_endpoint.disabled",
        title=f"{endpoint.host} no longer hears of your orders",
        body=f"{why} Set it right, then turn its webhook on again: what it missed is kept for 30 days.",
    )
    await notify(tx, await members.team_with_roles(tx, endpoint.organization_id, WEBHOOK_ROLES), notice)


def _local(at: datetime, timezone: str) -> str:
    """In the event's own time; in UTC where its zone is not known here."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    local = at.astimezone(zone)
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} ({zone.key})"
