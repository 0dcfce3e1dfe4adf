"""Gives a paid order back by its buyer, under the terms that were shown before it was placed."""

from commerce.actions.record_refunds import Cause
from commerce.actions.refund_order import refund_whole
from commerce.domain.order import Order
from commerce.domain.refunding import kept_of, require_refundable, take_everything
from commerce.domain.sale import why_event_is_closed
from commerce.errors import NotCancellable, UnknownOrder
from commerce.store import copies, orders
from commerce.store import refunds as refunds_store
from common.db import Transaction
from common.principal import Principal

BY_BUYER = "given back by the buyer"


async def cancel_paid_order(tx: Transaction, principal: Principal, order: Order) -> Order:
    """All of it at once, less the share that is kept. The caller holds the order's lock and has seen that it is theirs.

    Raises NotCancellable, RefundsFrozen, and AdmissionsUsed: nobody can force that here.
    """
    until = order.cancellation.until
    if until is None:
        raise NotCancellable(reason="not_offered")
    if tx.now >= until:
        raise NotCancellable(reason="too_late")
    require_refundable(order)
    event = await copies.find_event(tx, order.event_id)
    if event is not None and why_event_is_closed(event, tx.now) == "event_cancelled":
        # All of it goes back by itself: whoever is quicker must not be left with less.
        raise NotCancellable(reason="event_cancelled")
    # The share that is kept was shown before they bought; the event's fees, which may be kept otherwise, are no part of it.
    cause = Cause("buyer", BY_BUYER, principal.actor)
    pots = await refunds_store.pots_of_order(tx, order.id)
    await refund_whole(tx, order, pots, take_everything(order, forced=False), cause, kept=kept_of(order))
    after = await orders.find_order(tx, order.id)
    if after is None:
        raise UnknownOrder()
    return after
