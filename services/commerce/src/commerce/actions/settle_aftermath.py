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
    """The caller holds the order's lock and has settled the payment."""
    for refund in told.refunds:
        ours = await refunds_store.refunds_of_payment(tx, payment.id)
        known = next((each for each in ours if refund.reference == each.reference or refund.key == each.key), None)
        order = await _order(tx, payment.order_id)
        if known is not None:
            await settle_refund(tx, order, known, refund)
        elif refund.key is None and refund.status == "done":
            await _record_by_hand(tx, order, payment.id, ours, refund)
    for dispute in told.disputes:
        await settle_dispute(tx, await _order(tx, payment.order_id), payment, dispute)


async def _record_by_hand(
    tx: Transaction, order: Order, payment_id: PaymentId, ours: Sequence[Refund], told: ProviderRefund
) -> None:
    """Somebody sent money back without us. The tickets stay: nobody here has decided otherwise.

    Where a refund of ours had failed for the same amount, it is that one, done by hand. While one of ours is under way it
    is not known yet what is left; it is asked about again. Raises RefundUnderWay.
    """
    failed = next((each for each in ours if each.status == "failed" and each.amount == told.amount), None)
    if failed is not None:
        await settle_refund(tx, order, failed, told)
        return
    pots = [pot for pot in await refunds_store.pots_of_order(tx, order.id) if pot.payment_id == payment_id]
    pot = next((pot for pot in pots if told.amount.currency == pot.left.currency and told.amount <= pot.left), None)
    if pot is not None:
        await _record(tx, order, pot, told)
    elif any(each.status == "pending" for each in ours):
        raise RefundUnderWay()
    else:
        log.error("ALARM: more was sent back at the provider than was paid", order=order.id, payment=payment_id)


async def _record(tx: Transaction, order: Order, pot: Pot, told: ProviderRefund) -> None:
    cause = Cause("external", BY_HAND, SYSTEM.actor, key=f"external:{pot.provider}:{told.reference}")
    _, refund = await record_sent(tx, order, pot, take_nothing(order), told, cause)
    log.warning("money was sent back at the provider", order=order.id, refund=refund.id)


async def _order(tx: Transaction, order_id: OrderId) -> Order:
    order = await orders.find_order(tx, order_id)
    assert order is not None, "it is locked"
    return order
