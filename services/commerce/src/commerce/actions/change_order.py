"""Puts other things into an order that is not paid yet: only the differences are taken and given back."""

from commerce.actions.announce import announce_order
from commerce.actions.move_stock import lock_left, sell_held
from commerce.actions.take_promo import take_promo
from commerce.actions.take_stock import take_goods
from commerce.actions.use_promo import use_promo
from commerce.domain.change import Change, basket_of, changed, offered_to
from commerce.domain.order import Order, held_no_longer_than_new, paid_if_free, require_payable
from commerce.domain.promo import POINTER, Discount
from commerce.domain.quote import Offered, Quote, quote, quote_choices, require_expected
from commerce.domain.sale_settings import PlatformFee
from commerce.domain.stock import Goods
from commerce.errors import (
    ChangedMeanwhile,
    IfMatchMissing,
    PaymentUnderWay,
    PromoCodeUsedUp,
    ReverseChargeFixed,
    UnknownEvent,
    UnknownOrder,
)
from commerce.store import approvals, orders, payments, promo_codes
from commerce.store.add_ons import find_offered_add_ons
from commerce.store.offered import find_offered
from commerce.store.order_items import replace_items
from common.db import Transaction
from common.ids import AddOnId, OrderId, OrderLineId, TicketTierId
from common.principal import Principal


async def change_order(
    tx: Transaction,
    principal: Principal,
    platform: PlatformFee,
    order_id: OrderId,
    version: int | None,
    change: Change,
) -> Order:
    """All of it or nothing; the hold goes on as it was, though what is taken anew is held no longer than in a new order:
    the day that an offer stands would else hold anything. `version` is the one that was read, 0 for whichever.

    Refused while a payment is open at a provider: it was begun for the old total, and would fit no longer. Refused, too,
    where the buyer owes the tax: the lines no longer know at which rate, and the number was checked for what is in them.
    Raises UnknownOrder, IfMatchMissing, ChangedMeanwhile, what `require_payable` and `quote` raise, ReverseChargeFixed,
    PaymentUnderWay, SoldOut.
    """
    order = await _reach(tx, principal, order_id, version)
    kept = await find_offered_add_ons(tx, order.goods().add_ons) if order.add_ons and change.add_ons is None else {}
    basket = basket_of(order, change, {add_on: found for add_on, (found, _) in kept.items()})
    found = await find_offered(tx, order.event_id, basket.goods(), basket.promo_code)
    if found is None:
        raise UnknownEvent(retry_after=1)
    offered = offered_to(order, found, basket)
    quoted = quote(offered, basket, platform, tx.now)
    quoted = await _with_its_promo(tx, order, offered, quoted, platform, basket.promo_code)
    require_expected(quoted, basket)
    held = changed(order, quoted, _line_ids(tx, order, basket.goods()))
    more = held.goods().less(order.goods())
    held = held_no_longer_than_new(held, tx.now + quoted.hold) if more.takes_any else held
    after = paid_if_free(held, tx.now)
    replace_items(tx, after)
    if after.status == "awaiting_approval":
        await approvals.forget_decision(tx, order.id)
    if after.holding == "sold":
        await use_promo(tx, held)
        await lock_left(tx, order.event_id, _either(order.goods(), held.goods()))
    await take_goods(tx, order.event_id, "held", more)
    if after.holding == "sold":
        sell_held(tx, order.event_id, held.goods())
    announce_order(tx, after)
    return after


def _either(before: Goods, after: Goods) -> Goods:
    """Whatever two moves in a row touch: locked ahead of both, in the one order, for each alone would begin that anew."""
    return Goods({**before.tiers, **after.tiers}, {**before.add_ons, **after.add_ons})


async def _reach(tx: Transaction, principal: Principal, order_id: OrderId, version: int | None) -> Order:
    buyer = principal.require_user()
    order = await orders.lock_order(tx, order_id)
    if order is None or order.buyer_user_id != buyer:
        raise UnknownOrder()
    if version is None:
        raise IfMatchMissing()
    if version not in (0, order.version):
        raise ChangedMeanwhile()
    require_payable(order, tx.now)
    if order.sums.reverse_charge:
        raise ReverseChargeFixed()
    under_way = [
        each for each in await payments.payments_of_order(tx, order_id) if each.status in ("created", "pending")
    ]
    if under_way:
        raise PaymentUnderWay(provider=under_way[0].provider, payment_id=under_way[0].id)
    return order


async def _with_its_promo(
    tx: Transaction, order: Order, offered: Offered, quoted: Quote, platform: PlatformFee, promo_code: str | None
) -> Quote:
    """The quote, once the order has that use of a code instead of the one it had."""
    while not await _exchange_promo(tx, order, quoted):
        offered = offered.without(quoted.discount.promo)
        quoted = quote_choices(offered, quoted.choices, promo_code, platform, tx.now, quoted.add_ons)
    return quoted


async def _exchange_promo(tx: Transaction, order: Order, quoted: Quote) -> bool:
    """False when an automatic discount was used up meanwhile. Codes are locked by their ids, as everywhere."""
    before, discount = order.promo_code_id, quoted.discount
    if discount.promo is not None and discount.promo.id == before:
        return await _resize_promo(tx, discount, order.sums.discount.amount)
    if before is not None and (discount.promo is None or before < discount.promo.id):
        await promo_codes.lock_promo_code(tx, before)
    if not await take_promo(tx, discount, "held"):
        return False
    if before is not None:
        await promo_codes.give_back(tx, before, "held", 1, order.sums.discount.amount)
    return True


async def _resize_promo(tx: Transaction, discount: Discount, had: int) -> bool:
    """The same use takes more or less off: it stays, also when the code was disabled meanwhile."""
    assert discount.promo is not None, "the caller has seen to that"
    more = discount.amount - had
    if more <= 0:
        await promo_codes.give_back(tx, discount.promo.id, "held", 0, -more)
        return True
    if await promo_codes.take(tx, discount.promo.id, "held", more, uses=0):
        return True
    if discount.promo.code is not None:
        raise PromoCodeUsedUp(pointer=POINTER)
    return False


def _line_ids(tx: Transaction, order: Order, goods: Goods) -> dict[TicketTierId | AddOnId, OrderLineId]:
    """What stays is the same line as before."""
    known: dict[TicketTierId | AddOnId, OrderLineId] = {line.ticket_tier_id: line.id for line in order.lines}
    known |= {line.add_on_id: line.id for line in order.add_ons}
    things: list[TicketTierId | AddOnId] = [*goods.tiers, *goods.add_ons]
    return {thing: known.get(thing) or tx.new_id(OrderLineId) for thing in things}
