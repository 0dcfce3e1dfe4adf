"""Lets what a provider says of a payment take effect. Any number of callers, in any order, come to the same end."""

from commerce.actions.announce import announce_order, announce_payment, announce_review
from commerce.actions.record_refunds import Cause, refund_surplus
from commerce.actions.release_stock import release_stock
from commerce.actions.sell_stock import sell_stock
from commerce.actions.settle_aftermath import settle_aftermath
from commerce.actions.take_stock import take_if_left
from commerce.domain.ledger import charge, unallocated
from commerce.domain.order import Order, awaiting_approval, called_off, in_review, paid, received, to_be_paid_again
from commerce.domain.payment import Payment, ProviderPayment, Status, held, settled, wanting
from commerce.domain.refunding import Pot
from commerce.domain.sale import why_event_is_closed
from commerce.domain.sale_settings import USUAL_LATE_PAYMENT, LatePayment
from commerce.domain.settlement import Judgement, Verdict, judge, otherwise
from commerce.store import approvals, copies, ledger, orders, payments, sale_settings
from common.db import Transaction
from common.principal import SYSTEM
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
    policy = await _policy(tx, order)
    closed = None if event is None else why_event_is_closed(event, tx.now)
    judgement = judge(order, closed, policy, payment, told)
    if judgement.verdict is Verdict.COMPLETE_IF_LEFT:
        left = await take_if_left(tx, order)
        judgement = Judgement(Verdict.COMPLETE) if left else Judgement(otherwise(policy), "late_and_sold_out")
    await _carry_out(tx, order, payment, told, judgement)
    if told.refunds or told.disputes:
        await settle_aftermath(tx, payment, told)
    verdict, reason = judgement.verdict, judgement.reason
    return verdict.value if reason is None else f"{verdict.value}: {reason}"


async def _policy(tx: Transaction, order: Order) -> LatePayment:
    """Asked for only where it decides anything: money in time is what a rush brings."""
    if order.status == "awaiting_payment":
        return USUAL_LATE_PAYMENT
    return (await sale_settings.settings_of_event(tx, order.event_id)).late_payment


async def _carry_out(
    tx: Transaction, order: Order, payment: Payment, told: ProviderPayment, judgement: Judgement
) -> None:
    verdict, reason = judgement.verdict, judgement.reason
    if verdict is Verdict.FAIL:
        await _fail(tx, order, payment, told, reason)
    elif verdict is Verdict.COMPLETE:
        await _complete(tx, order, payment, told)
    elif verdict is Verdict.HOLD:
        await _hold(tx, order, payment, told)
    elif verdict is Verdict.LET_GO:
        payments.save_payment(tx, wanting(held(payment, told.reference, tx.now), "void"))
    elif verdict is Verdict.PAY_AGAIN:
        await _ask_to_pay_again(tx, order, payment, told, reason)
    elif verdict is Verdict.REFUND:
        await _send_back(tx, order, payment, told, reason or verdict.value)
    elif verdict is Verdict.REVIEW:
        await _put_aside(tx, order, payment, told, reason or verdict.value)


async def _complete(tx: Transaction, order: Order, payment: Payment, told: ProviderPayment) -> None:
    """The stock changes last, so that the one row everybody wants is locked no longer than it takes to commit."""
    after = paid(received(order, payment.amount), tx.now)
    orders.save_order(tx, after)
    payments.save_payment(tx, settled(payment, "succeeded", told.reference))
    ledger.add_transfers(tx, charge(order, payment.id, payment.provider, payment.amount))
    if order.holding == "held":
        await sell_stock(tx, order)
    announce_order(tx, after)


async def _hold(tx: Transaction, order: Order, payment: Payment, told: ProviderPayment) -> None:
    """Nothing was taken; the places stay held until the organiser decides."""
    after = awaiting_approval(order, tx.now)
    await approvals.forget_decision(tx, order.id)
    orders.save_order(tx, after)
    payments.save_payment(tx, held(payment, told.reference, tx.now))
    announce_order(tx, after)


async def _ask_to_pay_again(
    tx: Transaction, order: Order, payment: Payment, told: ProviderPayment, reason: str | None
) -> None:
    """The places stay held; what the organiser approved needs no second word of theirs."""
    ended: Status = "cancelled" if told.status == "cancelled" else "failed"
    failed = settled(payment, ended, told.reference, reason)
    payments.save_payment(tx, failed)
    approved = await approvals.find_decision(tx, order.id) == "approved"
    after = to_be_paid_again(order, tx.now, approved=approved)
    orders.save_order(tx, after)
    announce_order(tx, after)
    announce_payment(tx, failed, after)


async def _fail(tx: Transaction, order: Order, payment: Payment, told: ProviderPayment, reason: str | None) -> None:
    """The buyer is told only while paying still makes sense: not when another payment was faster, nor after the hold, nor
    when it was we who ended it."""
    ended: Status = "cancelled" if told.status == "cancelled" else "failed"
    after = settled(payment, ended, told.reference, reason)
    payments.save_payment(tx, after)
    if order.status == "awaiting_payment" and payment.wanted is None:
        announce_payment(tx, after, order)


async def _put_aside(tx: Transaction, order: Order, payment: Payment, told: ProviderPayment, reason: str) -> None:
    """The money is kept on an account of its own until a person decides. A paid order stays paid."""
    after = await _book_aside(tx, order, payment, told, reason)
    order = received(order, told.amount)
    if order.paid_at is None:
        order = in_review(order, reason)
        announce_order(tx, order)
    orders.save_order(tx, order)
    announce_review(tx, after, order)
    log.warning("a payment needs a person", payment=payment.id, order=order.id, reason=reason)


async def _send_back(tx: Transaction, order: Order, payment: Payment, told: ProviderPayment, reason: str) -> None:
    """The money goes back by itself; the order stays as it is, unless it waited for this money alone."""
    after = await _book_aside(tx, order, payment, told, reason)
    pot = Pot(payment.id, payment.provider, "unallocated", told.amount)
    cause = Cause("surplus" if order.paid_at else "late_payment", reason, SYSTEM.actor)
    before = order
    if before.status == "awaiting_approval":
        # It was approved and its event called off before the money came: nothing else would ever end it.
        order = called_off(order)
        announce_order(tx, order)
    order, [refund] = await refund_surplus(tx, received(order, told.amount), [pot], cause)
    announce_review(tx, after, order, refund.id)
    if before.status == "awaiting_approval":
        await release_stock(tx, [before])
    log.warning("money goes back by itself", payment=payment.id, order=order.id, refund=refund.id, reason=reason)


async def _book_aside(tx: Transaction, order: Order, payment: Payment, told: ProviderPayment, reason: str) -> Payment:
    after = settled(payment, "succeeded", told.reference, reason)
    payments.save_payment(tx, after)
    ledger.add_transfers(tx, [unallocated(order, payment.id, payment.provider, told.amount)])
    return after
