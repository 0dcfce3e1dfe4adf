"""Takes what an order wants of the stock: all of it, or a refusal that names what is left."""

from collections.abc import Mapping
from types import MappingProxyType

from commerce.actions.move_stock import lock_left, move_stock, read_left
from commerce.actions.take_promo import take_promo_again, undo_promo
from commerce.domain.order import Order
from commerce.domain.stock import Goods, QuietWay, Stock, Way, in_lock_order, is_quiet, sold_out
from commerce.store.stock import expect_quiet_move
from common.db import Transaction
from common.ids import EventId, TicketTierId


async def take_stock(tx: Transaction, order: Order, seen: Mapping[TicketTierId, Stock] = MappingProxyType({})) -> None:
    """Hold the order's places, or sell them at once if it is paid. Raises SoldOut; the transaction ends with it.

    Where the counts that were `seen` promise that nobody is to be told of it, an optimistic transaction does so as it commits, and
    is done again where it finds them changed: only then is SoldOut raised.
    """
    way: QuietWay = "sold" if order.holding == "sold" else "held"
    goods = order.goods()
    if tx.optimistic and is_quiet(goods, seen):
        for tier in in_lock_order(goods.tiers):
            expect_quiet_move(tx, way, seen[tier], goods.tiers[tier])
    else:
        await take_goods(tx, order.event_id, way, goods)


async def take_offered(tx: Transaction, order: Order) -> None:
    """Hold or sell places for one who waited and now waits no longer. Raises SoldOut; the transaction ends with it."""
    await take_goods(tx, order.event_id, "offer_sold" if order.holding == "sold" else "offer_held", order.goods())


async def take_goods(tx: Transaction, event_id: EventId, way: Way, goods: Goods) -> None:
    """Take these; negative counts are given back. Raises SoldOut; the transaction ends with it."""
    taken = await move_stock(tx, way, goods)
    if taken is not None:
        raise sold_out(goods, (await read_left(tx, event_id, goods)).plus(taken))


async def take_if_left(tx: Transaction, order: Order) -> bool:
    """Sell an order the places it gave back, and use its promo code, all or none. False leaves everything as it is."""
    goods = order.goods()
    if not await take_promo_again(tx, order):
        return False
    if not (await lock_left(tx, order.event_id, goods)).covers(goods):
        await undo_promo(tx, order)
        return False
    short = await move_stock(tx, "sold", goods)
    assert short is None, "the rows are locked and were seen to have enough"
    return True
