"""Tries a failed refund again: its money is still owed."""

from commerce.actions.refund_order import lock_for_money
from commerce.domain.refund import Refund, again
from commerce.errors import RefundsFrozen, UnknownOrder, UnknownRefund
from commerce.store import refunds
from common.db import Transaction
from common.ids import RefundId
from common.principal import Principal


async def retry_refund(tx: Transaction, principal: Principal, refund_id: RefundId) -> Refund:
    """Under a new key: the provider has said no to the old one. Raises UnknownRefund, RefundNotFailed, RefundsFrozen."""
    found = await refunds.find_refund(tx, refund_id)
    if found is None:
        raise UnknownRefund()
    try:
        order = await lock_for_money(tx, principal, found.order_id)
    except UnknownOrder:
        raise UnknownRefund() from None
    if order.disputed:
        raise RefundsFrozen()
    current = await refunds.find_refund(tx, refund_id)
    assert current is not None, "refunds are never deleted"
    after = again(current)
    await refunds.save_refund(tx, after)
    return after
