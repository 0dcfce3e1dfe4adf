"""Lets what came after a payment take effect: refunds, those made at the provider's own pages as well, and disputes."""

from collections.abc import Sequence

from commerce.actions.record_refunds import Cause, record_sent
from commerce.actions.settle_dispute import settle_dispute
from commerce.actions.settle_refund import settle_refund
from commerce.domain.order import Order
from commerce.domain.payment import Payment, ProviderPayment
from commerce.domain.refund import ProviderRefund, Refund
from commerce.domain.refunding import Pot, take_nothing
from commerce.errors import RefundUnderWay
from commerce.store import orders
from commerce.store import refunds as refunds_store
from common.db import Transaction
from common.ids import OrderId, PaymentId
from common.principal import SYSTEM
from common.telemetry import logger

log = logger("refunds")

BY_HAND = "made at the provider"


async def settle_aftermath(tx: Transaction, payment: Payment, told: ProviderPayment) -> None:
    """The caller holds the order's lock and has settled the payment.

    What was sent back by hand while a bank had the money held fits only once that is let go of: it is looked at before the
    disputes, which hold what it left, and again after them. Raises RefundUnderWay.
    """
    was_disputed = (await _order(tx, payment.order_id)).disputed
    unfit = [refund for refund in told.refunds if not await _settle(tx, payment, refund)]
    for dispute in told.disputes:
        await settle_dispute(tx, await _order(tx, payment.order_id), payment, dispute, told.refunds)
    still = [refund for refund in unfit if not await _settle(tx, payment, refund)] if told.disputes else unfit
    if still:
        await _explain(tx, payment, was_disputed)


async def _settle(tx: Transaction, payment: Payment, told: ProviderRefund) -> bool:
    """False where more was sent back by hand than there is to our knowledge."""
    order = await _order(tx, payment.order_id)
    ours = await refunds_store.refunds_of_payment(tx, payment.id)
    known = next((each for each in ours if told.reference == each.reference or told.key == each.key), None)
    if known is not None:
        await settle_refund(tx, order, known, told)
        return True
    if told.key is not None or told.status != "done":
        return True
    return await _record_by_hand(tx, order, payment.id, ours, told)


async def _record_by_hand(
    tx: Transaction, order: Order, payment_id: PaymentId, ours: Sequence[Refund], told: ProviderRefund
) -> bool:
    """Somebody sent money back without us. The tickets stay: nobody here has decided otherwise.

    Where a refund of ours had failed for the same amount, it is that one, done by hand.
    """
    failed = next((each for each in ours if each.status == "failed" and each.amount == told.amount), None)
    if failed is not None:
        await settle_refund(tx, order, failed, told)
        return True
    pots = [pot for pot in await refunds_store.pots_of_order(tx, order.id) if pot.payment_id == payment_id]
    pot = next((pot for pot in pots if told.amount.currency == pot.left.currency and told.amount <= pot.left), None)
    if pot is not None:
        await _record(tx, order, pot, told)
    return pot is not None


async def _explain(tx: Transaction, payment: Payment, was_disputed: bool) -> None:
    """While a refund of ours is under way it is not known yet what is left: it is asked about again.

    Not where the order was disputed: its refunds wait for that to end, which must not wait for them. Raises RefundUnderWay.
    """
    which = {"order": payment.order_id, "payment": payment.id}
    if (await _order(tx, payment.order_id)).disputed:
        log.warning("money was sent back at the provider that a bank has held; it is booked when that ends", **which)
        return
    ours = await refunds_store.refunds_of_payment(tx, payment.id)
    if not was_disputed and any(each.status == "pending" for each in ours):
        raise RefundUnderWay()
    log.error("ALARM: more was sent back at the provider than was paid", **which)


async def _record(tx: Transaction, order: Order, pot: Pot, told: ProviderRefund) -> None:
    cause = Cause("external", BY_HAND, SYSTEM.actor, key=f"external:{pot.provider}:{told.reference}")
    _, refund = await record_sent(tx, order, pot, take_nothing(order), told, cause)
    log.warning("money was sent back at the provider", order=order.id, refund=refund.id)


async def _order(tx: Transaction, order_id: OrderId) -> Order:
    order = await orders.find_order(tx, order_id)
    assert order is not None, "it is locked"
    return order
