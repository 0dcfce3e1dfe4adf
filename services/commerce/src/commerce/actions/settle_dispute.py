"""Lets a dispute take effect: refunds freeze, its money is held, and in the end released or gone."""

from collections.abc import Sequence
from dataclasses import replace

from commerce.actions.announce import announce_refund
from commerce.actions.record_refunds import Cause, record_sent
from commerce.actions.settle_refund import settle_refund
from commerce.domain.dispute import Dispute, ProviderDispute
from commerce.domain.ledger import dispute_held, dispute_released, second_debit
from commerce.domain.order import Order
from commerce.domain.payment import Payment
from commerce.domain.refund import ProviderRefund, done_by_hand
from commerce.domain.refunding import Pot, take_nothing, take_unused
from commerce.store import disputes, ledger, orders, refund_runs
from commerce.store import refunds as refunds_store
from common.db import Transaction
from common.money import Money
from common.principal import SYSTEM
from common.telemetry import logger

log = logger("disputes")


async def settle_dispute(
    tx: Transaction, order: Order, payment: Payment, told: ProviderDispute, refunds: Sequence[ProviderRefund]
) -> None:
    """Open or close it, each once. The caller holds the order's lock and has settled `refunds`, all the provider has."""
    known = await disputes.find_dispute(tx, payment.provider, told.reference)
    if known is None:
        known = await _open(tx, order, payment, told)
        order = await _flagged(tx, order)
        log.error("ALARM: a payment is disputed", order=order.id, payment=payment.id)
    if known.status == "open" and told.status != "open":
        await _close(tx, order, replace(known, status=told.status), refunds)


async def _open(tx: Transaction, order: Order, payment: Payment, told: ProviderDispute) -> Dispute:
    pot = await _pot(tx, order, payment, told.amount)
    held = pot.left if pot.left < told.amount else told.amount
    dispute = await disputes.add_dispute(tx, order, payment.id, payment.provider, told, pot, held)
    ledger.add_transfers(tx, dispute_held(order, dispute))
    return dispute


async def _close(tx: Transaction, order: Order, dispute: Dispute, refunds: Sequence[ProviderRefund]) -> None:
    """What was lost went back to the buyer like a refund; where that was all of the money, unused tickets go with it.

    What is left of an order of a cancelled event is refunded like the others that the bank did not look at.
    """
    await disputes.close_dispute(tx, dispute)
    ledger.add_transfers(tx, dispute_released(order, dispute))
    order = await _flagged(tx, order)
    if dispute.status == "lost" and dispute.held:
        pots = await refunds_store.pots_of_order(tx, order.id)
        pot = next(pot for pot in pots if pot.payment_id == dispute.payment_id and pot.source == dispute.source)
        all_of_it = dispute.source == "organiser_payable" and dispute.held == pot.left
        taken = take_unused(order) if all_of_it else take_nothing(order)
        cause = Cause("dispute", "a dispute was lost", SYSTEM.actor, key=f"dispute:{dispute.id}")
        sent = ProviderRefund(dispute.reference, None, "done", dispute.held)
        await record_sent(tx, order, pot, taken, sent, cause)
    if dispute.status == "lost":
        await _book_the_rest(tx, order, dispute, refunds)
    if await refund_runs.is_refunded(tx, order.event_id):
        await refund_runs.look_again(tx, order.event_id, order.id)
    log.warning("a dispute is over", order=order.id, dispute=dispute.id, status=dispute.status)


async def _book_the_rest(
    tx: Transaction, order: Order, dispute: Dispute, at_provider: Sequence[ProviderRefund]
) -> None:
    """A bank takes the whole amount, also what was no longer there to be held: refunds that had not left settle so, and
    of what had left it is a second debit."""
    rest = dispute.amount - dispute.held
    sent = {each.key for each in at_provider if each.status != "failed"}
    for waiting in await refunds_store.refunds_of_payment(tx, dispute.payment_id):
        if waiting.status == "done" or waiting.key in sent or waiting.amount.currency != rest.currency:
            continue
        ours = await refunds_store.refunds_of_payment(tx, dispute.payment_id)
        by_hand = done_by_hand(waiting, ours, at_provider)
        if by_hand is not None:
            await settle_refund(tx, order, waiting, by_hand)
        elif waiting.amount <= rest:
            by_bank = ProviderRefund(f"{dispute.reference}:{waiting.id}", None, "done", waiting.amount)
            await settle_refund(tx, order, waiting, by_bank)
            rest = rest - waiting.amount
    if rest:
        ledger.add_transfers(tx, second_debit(order, dispute, rest))
        log.error("ALARM: a bank took money that had gone back before", order=order.id, dispute=dispute.id)


async def _flagged(tx: Transaction, order: Order) -> Order:
    """The order as it is while a bank looks at it, or looks at it no more."""
    after = replace(order, version=order.version + 1, disputed=await disputes.has_open_dispute(tx, order.id))
    orders.save_order(tx, after)
    announce_refund(tx, after)
    return after


async def _pot(tx: Transaction, order: Order, payment: Payment, amount: Money) -> Pot:
    """The money that is disputed: what the order was paid with first."""
    pots = await refunds_store.pots_of_order(tx, order.id)
    mine = [pot for pot in pots if pot.payment_id == payment.id and pot.left.currency == amount.currency]
    mine.sort(key=lambda pot: pot.source)
    return mine[0] if mine else Pot(payment.id, payment.provider, "organiser_payable", Money.zero(amount.currency))
