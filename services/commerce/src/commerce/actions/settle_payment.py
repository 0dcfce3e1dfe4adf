"""Lets what a provider says of a payment take effect. Any number of callers, in any order, come to the same end."""

from commerce.actions.announce import announce_order, announce_payment
from commerce.actions.sell_stock import sell_stock
from commerce.actions.tell_availability import tell_availability
from commerce.domain.basket import enough_left
from commerce.domain.ledger import charge, unallocated
from commerce.domain.order import Order, in_review, paid, received
from commerce.domain.payment import Payment, ProviderPayment, Status, settled
from commerce.domain.sale import why_event_is_closed
from commerce.domain.settlement import Verdict, judge
from commerce.store import copies, ledger, orders, payments
from commerce.store import stock as stocks
from common.db import Transaction
from common.messages import PaymentFailed, PaymentReviewNeeded
from common.telemetry import link_current_span_to, logger

log = logger("payments")


async def settle_payment(tx: Transaction, provider: str, told: ProviderPayment) -> str:
    """Decide and act under the order's lock; returns in a word what was done."""
    payment = await payments.find_payment(tx, told.payment_id)
    order = None if payment is None else await orders.lock_order(tx, payment.order_id)
    payment = await payments.find_payment(tx, told.payment_id)
    if payment is None or order is None or payment.provider != provider:
        log.error("ALARM: a provider tells of a payment we never began", provider=provider, reference=told.reference)
        return "unknown payment"
    link_current_span_to(order.traceparent)
    event = await copies.find_event(tx, order.event_id)
    judgement = judge(order, None if event is None else why_event_is_closed(event, tx.now), payment, told)
    verdict = judgement.verdict
    if verdict is Verdict.COMPLETE_IF_LEFT:
        verdict = await _take_again(tx, order)
    reason = judgement.reason or ("late_and_sold_out" if verdict is Verdict.REVIEW else None)
    if verdict is Verdict.FAIL:
        await _fail(tx, order, payment, told, reason)
    elif verdict is Verdict.COMPLETE:
        await _complete(tx, order, payment, told)
    elif verdict in (Verdict.SURPLUS, Verdict.REVIEW):
        await _put_aside(tx, order, payment, told, reason or verdict.value)
    return verdict.value if reason is None else f"{verdict.value}: {reason}"


async def _take_again(tx: Transaction, order: Order) -> Verdict:
    """Take the places of an expired order once more, all or none."""
    wanted = order.places()
    stock = await stocks.lock_stock(tx, wanted)
    if not enough_left(wanted, {tier: counts.left for tier, counts in stock.items()}):
        return Verdict.REVIEW
    for tier, count in wanted.items():
        taken = await stocks.take_sold(tx, tier, count)
        assert taken is not None, "the row is locked and was seen to have enough"
        await tell_availability(tx, taken)
    return Verdict.COMPLETE


async def _complete(tx: Transaction, order: Order, payment: Payment, told: ProviderPayment) -> None:
    """The stock changes last, so that the one row everybody wants is locked no longer than it takes to commit."""
    after = paid(received(order, payment.amount), tx.now)
    await orders.save_order(tx, after)
    await payments.save_payment(tx, settled(payment, "succeeded", told.reference))
    await ledger.add_transfer(tx, charge(order.id, payment.id, order.organization_id, payment.provider, payment.amount))
    if order.holding == "held":
        await sell_stock(tx, order)
    announce_order(tx, after)


async def _fail(tx: Transaction, order: Order, payment: Payment, told: ProviderPayment, reason: str | None) -> None:
    """The buyer is told only while paying still makes sense: not when another payment was faster, nor after the hold."""
    ended: Status = "cancelled" if told.status == "cancelled" else "failed"
    after = settled(payment, ended, told.reference, reason)
    await payments.save_payment(tx, after)
    if order.status == "awaiting_payment":
        announce_payment(tx, PaymentFailed, after, order)


async def _put_aside(tx: Transaction, order: Order, payment: Payment, told: ProviderPayment, reason: str) -> None:
    """The money is kept on an account of its own until a person decides. A paid order stays paid."""
    after = settled(payment, "succeeded", told.reference, reason)
    await payments.save_payment(tx, after)
    await ledger.add_transfer(
        tx, unallocated(order.id, payment.id, order.organization_id, payment.provider, told.amount)
    )
    order = received(order, told.amount)
    if order.paid_at is None:
        order = in_review(order, reason)
        announce_order(tx, order)
    await orders.save_order(tx, order)
    announce_payment(tx, PaymentReviewNeeded, after, order)
    log.warning("a payment needs a person", payment=payment.id, order=order.id, reason=reason)
