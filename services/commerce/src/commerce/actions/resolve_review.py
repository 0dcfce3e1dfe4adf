"""Decides on an order whose money fits it not as it stands: it is completed after all, or the money goes back."""

from collections.abc import Sequence
from typing import Literal

from commerce.actions.announce import announce_order
from commerce.actions.record_refunds import Cause, refund_surplus
from commerce.actions.refund_order import lock_for_money
from commerce.actions.release_stock import release_stock
from commerce.actions.sell_stock import sell_stock
from commerce.actions.take_promo import take_promo_again
from commerce.actions.take_stock import take_stock
from commerce.domain.ledger import allocation
from commerce.domain.order import Order, called_off, paid
from commerce.domain.refunding import Pot, surplus_of
from commerce.domain.sale import why_event_is_closed
from commerce.errors import EventNotOnSale, NotEnoughMoney, NotInReview, PromoCodeUsedUp, RefundsFrozen
from commerce.store import copies, ledger, orders, payments
from commerce.store import refunds as refunds_store
from common.db import Transaction
from common.ids import OrderId
from common.principal import Principal

Decision = Literal["complete", "refund"]


async def resolve_review(
    tx: Transaction, principal: Principal, order_id: OrderId, decision: Decision, reason: str
) -> Order:
    """Whatever is decided, money that then fits nothing goes back. A paid order stays as it is; only what came too much for
    it can be sent back.

    Raises UnknownOrder, MissingCapability, NotInReview, RefundsFrozen, and where it shall be completed NotEnoughMoney,
    EventNotOnSale, PromoCodeUsedUp, SoldOut.
    """
    order = await lock_for_money(tx, principal, order_id)
    pots = surplus_of(await refunds_store.pots_of_order(tx, order.id))
    in_review = order.status == "review"
    if not in_review and (decision == "complete" or not pots):
        raise NotInReview(status=order.status)
    if order.disputed:
        raise RefundsFrozen()
    cause = Cause("review", reason, principal.actor)
    if not in_review:
        after, _ = await refund_surplus(tx, order, pots, cause)
        return after
    if decision == "complete":
        return await _complete(tx, order, pots, cause)
    after = called_off(order)
    orders.save_order(tx, after)
    await payments.want_void(tx, [order.id])
    announce_order(tx, after)
    after, _ = await refund_surplus(tx, after, pots, cause)
    if order.holding == "held":
        await release_stock(tx, [order])
    return after


async def _complete(tx: Transaction, order: Order, pots: Sequence[Pot], cause: Cause) -> Order:
    pot = next((pot for pot in pots if _covers(pot, order)), None)
    if pot is None or pot.payment_id is None or pot.provider is None:
        raise NotEnoughMoney()
    event = await copies.find_event(tx, order.event_id)
    if event is not None and why_event_is_closed(event, tx.now) == "event_cancelled":
        raise EventNotOnSale(reason="event_cancelled")
    after = paid(order, tx.now)
    orders.save_order(tx, after)
    ledger.add_transfers(tx, allocation(order, pot.payment_id, pot.provider))
    after, _ = await refund_surplus(tx, after, surplus_of(await refunds_store.pots_of_order(tx, order.id)), cause)
    announce_order(tx, after)
    if order.holding == "held":
        await sell_stock(tx, order)
        return after
    if not await take_promo_again(tx, order):
        raise PromoCodeUsedUp()
    await take_stock(tx, after)
    return after


def _covers(pot: Pot, order: Order) -> bool:
    return pot.left.currency == order.total.currency and order.total <= pot.left
