"""Sends the mail about an order once more, to the buyer and to nobody else."""

from datetime import timedelta
from typing import Final

from commerce.actions.announce import announce_resend
from commerce.actions.read_orders import require_readable
from commerce.errors import ResentTooOften
from commerce.store import orders, resends
from common.capabilities import Capability, Scope, require_capability
from common.db import Transaction
from common.ids import OrderId
from common.principal import Principal

AT_MOST: Final = 5
WITHIN: Final = timedelta(hours=1)


async def resend_order(tx: Transaction, principal: Principal, order_id: OrderId) -> str:
    """Ask for the mail, as buyer or as staff who may; the address it goes to. A few times an hour at most.

    Raises UnknownOrder, MissingCapability for who may only read (a suspended organisation's staff), ResentTooOften.
    """
    order = require_readable(principal, await orders.lock_order(tx, order_id))
    if principal.user_id != order.buyer_user_id:
        scope = Scope(order.organization_id)
        require_capability(principal, Capability.COMMERCE_ORDER_RESEND, scope, public=True)
    earlier = await resends.requests_since(tx, order_id, tx.now - WITHIN)
    if len(earlier) >= AT_MOST:
        wait = earlier[0] + WITHIN - tx.now
        raise ResentTooOften(limit=AT_MOST, retry_after=max(1, int(wait.total_seconds())))
    request = await resends.add_request(tx, order_id, principal.actor)
    announce_resend(tx, order, request)
    return order.buyer_email
