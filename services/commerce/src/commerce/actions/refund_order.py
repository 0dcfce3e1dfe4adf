"""Gives money of a paid order back, all of it or some: by staff who may."""

from commerce.actions.record_refunds import Cause, refund_own, refund_surplus
from commerce.domain.order import Order
from commerce.domain.provider_money import require_returnable, up_to_the_steps
from commerce.domain.refund import Refund
from commerce.domain.refunding import (
    Pot,
    RefundWish,
    Taken,
    fees_on_top,
    own_pot,
    require_refundable,
    surplus_of,
    take_everything,
    take_lines,
    take_nothing,
)
from commerce.errors import LinesOrAmount, NothingToRefund, RefundOfOtherCurrency, RefundTooLarge, UnknownOrder
from commerce.store import orders, sale_settings
from commerce.store import refunds as refunds_store
from common.capabilities import Capability, Scope, holds
from common.db import Transaction
from common.ids import OrderId
from common.money import Money
from common.principal import Principal
from common.refusals import MissingCapability


async def refund_order(tx: Transaction, principal: Principal, order_id: OrderId, wish: RefundWish) -> list[Refund]:
    """Record what goes back; the first is of what the order cost, the others of money that came too much.

    Raises UnknownOrder, MissingCapability, OrderNotRefundable, RefundsFrozen, AdmissionsUsed, AlreadyRefunded,
    NothingToRefund, RefundTooLarge, or a 422 that points at what is at fault.
    """
    if wish.lines is not None and wish.amount is not None:
        raise LinesOrAmount(pointer="/amount")
    order = await lock_for_money(tx, principal, order_id)
    require_refundable(order)
    pots = await refunds_store.pots_of_order(tx, order.id)
    pot = own_pot(pots)
    keeps_fees = (await sale_settings.settings_of_event(tx, order.event_id)).refund_keeps_fees
    cause = Cause("organiser", wish.reason, principal.actor, forced=wish.forced, keeps_fees=keeps_fees)
    if wish.lines is None and wish.amount is None:
        return await refund_whole(tx, order, pots, take_everything(order, forced=wish.forced), cause)
    taken, amount = _wanted(order, wish)
    left = Money.zero(order.total.currency) if pot is None else pot.left
    if left < amount:
        raise RefundTooLarge(left=str(left))
    if pot is not None and pot.provider is not None:
        require_returnable(pot.provider, amount, "/lines" if wish.amount is None else "/amount")
    _, refund = await refund_own(tx, order, pot, taken, amount, cause)
    return [refund]


async def refund_whole(
    tx: Transaction, order: Order, pots: list[Pot], taken: Taken, cause: Cause, *, kept: Money | None = None
) -> list[Refund]:
    """All that is left of an order and its money, less the fees where those are kept, and less `kept`.

    Raises NothingToRefund.
    """
    pot, surplus = own_pot(pots), surplus_of(pots)
    nothing = Money.zero(order.total.currency)
    if pot is None and not surplus and not taken.admissions and not taken.add_ons:
        raise NothingToRefund()
    withheld = (nothing if kept is None else kept) + (fees_on_top(order) if cause.keeps_fees else nothing)
    left = nothing if pot is None else pot.left
    order, others = await refund_surplus(tx, order, surplus, cause)
    if pot is None and not taken.admissions and not taken.add_ons:
        return others
    amount = left - withheld if withheld < left else nothing
    if pot is not None:
        amount = min(up_to_the_steps(pot.provider, amount), left)
    if not amount and not others and not taken.admissions and not taken.add_ons:
        # All that is left is what is kept.
        raise NothingToRefund()
    _, refund = await refund_own(tx, order, pot, taken, amount, cause)
    return [refund, *others]


async def lock_for_money(tx: Transaction, principal: Principal, order_id: OrderId) -> Order:
    """An order whose money the caller may move, locked. Raises UnknownOrder, or MissingCapability to who may see it."""
    order = await orders.lock_order(tx, order_id)
    if order is None:
        raise UnknownOrder()
    scope = Scope(order.organization_id)
    if holds(principal, Capability.COMMERCE_ORDER_REFUND, scope):
        return order
    if principal.user_id == order.buyer_user_id or holds(principal, Capability.COMMERCE_ORDER_READ, scope):
        raise MissingCapability(capability=Capability.COMMERCE_ORDER_REFUND.value)
    raise UnknownOrder()


def _wanted(order: Order, wish: RefundWish) -> tuple[Taken, Money]:
    if wish.lines is not None:
        taken = take_lines(order, wish.lines, forced=wish.forced)
        return taken, taken.cost
    assert wish.amount is not None, "the whole order is refunded elsewhere"
    if wish.amount.currency != order.total.currency:
        raise RefundOfOtherCurrency(currency=order.total.currency, pointer="/amount/currency")
    return take_nothing(order), wish.amount
