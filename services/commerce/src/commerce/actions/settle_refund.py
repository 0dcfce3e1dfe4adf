"""Lets what a provider says of a refund take effect, once. A failed one is still owed: it raises an alarm, and a person
tries it again."""

from commerce.domain.ledger import refund_bounced, refund_sent
from commerce.domain.order import Order
from commerce.domain.refund import ProviderRefund, Refund, settled
from commerce.store import ledger
from commerce.store import refunds as refunds_store
from common.db import Transaction
from common.telemetry import logger

log = logger("refunds")


async def settle_refund(tx: Transaction, order: Order, refund: Refund, told: ProviderRefund) -> None:
    """The caller holds the order's lock and has read the refund after that. Done and then failed: the money came back."""
    if refund.status == "done" and told.reference != refund.reference:
        # An attempt of ours; the money went back by hand, or by a bank.
        if told.status == "done":
            log.error("ALARM: money went back twice", refund=refund.id, order=order.id, reference=told.reference)
        return
    if told.status in ("pending", refund.status):
        return
    after = settled(refund, told, tx.now)
    await refunds_store.save_refund(tx, after)
    if after.status == "done":
        ledger.add_transfers(tx, refund_sent(order, after))
        return
    if refund.status == "done":
        ledger.add_transfers(tx, refund_bounced(order, after))
    log.error("ALARM: a refund failed", refund=after.id, order=order.id, reason=after.failure)
