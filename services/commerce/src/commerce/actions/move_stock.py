"""Moves what is held and sold of tiers, add-ons and whole events, and in the one order. Only what `take_stock` expects of tiers
with plenty left is not moved here."""

from commerce.actions.tell_availability import remember_shared_word, tell_availability
from commerce.domain.stock import Goods, Left, SharedStock, Stock, Way, in_lock_order, left_of
from commerce.store import add_on_stock, event_capacity
from commerce.store import stock as stocks
from common.db import Transaction
from common.ids import AddOnId, EventId


async def move_stock(tx: Transaction, way: Way, goods: Goods) -> Goods | None:
    """Move all of it. Where something is too short, what was moved by then: that goes back with the transaction.

    Add-ons by id, tiers by id, and last what the tiers of an event share, for that is what most wait for.
    """
    add_ons: list[AddOnId] = []
    tiers: list[Stock] = []
    for add_on in in_lock_order(goods.add_ons):
        if await add_on_stock.move(tx, way, add_on, goods.add_ons[add_on]) is None:
            return _until(goods, tiers, add_ons)
        add_ons.append(add_on)
    for tier in in_lock_order(goods.tiers):
        stock = await stocks.move(tx, way, tier, goods.tiers[tier])
        if stock is None:
            return _until(goods, tiers, add_ons)
        tiers.append(stock)
    events: dict[EventId, SharedStock] = {}
    for event in in_lock_order({stock.event_id for stock in tiers if stock.shared}):
        count = sum(goods.tiers[stock.ticket_tier_id] for stock in tiers if stock.event_id == event)
        shared = await event_capacity.move(tx, way, event, count)
        if shared is None:
            return _until(goods, tiers, add_ons)
        events[event] = shared
    for shared in events.values():
        await remember_shared_word(tx, shared)
    for stock in tiers:
        await tell_availability(tx, stock, events.get(stock.event_id))
    return None


def sell_held(tx: Transaction, event_id: EventId, goods: Goods) -> None:
    """Sell what is held of these, as this commits: as much is left as before, so nothing is asked and nobody is told.

    In the order of `move_stock`. Whether the event's tiers share something is not asked beside the tiers: it may have begun
    while this waited for their rows, and a statement of its own sees it then.
    """
    for add_on in in_lock_order(goods.add_ons):
        add_on_stock.sell_held(tx, add_on, goods.add_ons[add_on])
    for tier in in_lock_order(goods.tiers):
        stocks.sell_held(tx, tier, goods.tiers[tier])
    event_capacity.sell_held(tx, event_id, sum(goods.tiers.values()))


async def read_left(tx: Transaction, event_id: EventId, goods: Goods) -> Left:
    """What is left at this moment of what these name."""
    add_ons = await add_on_stock.read(tx, goods.add_ons) if goods.add_ons else {}
    tiers = await stocks.read_stock(tx, goods.tiers)
    shared = any(stock.shared for stock in tiers.values())
    return left_of(tiers, add_ons, await event_capacity.read(tx, event_id) if shared else None)


async def lock_left(tx: Transaction, event_id: EventId, goods: Goods) -> Left:
    """What is left of what these name, and stays so until the transaction ends."""
    add_ons = await add_on_stock.lock(tx, goods.add_ons) if goods.add_ons else {}
    tiers = await stocks.lock_stock(tx, goods.tiers)
    shared = any(stock.shared for stock in tiers.values())
    return left_of(tiers, add_ons, await event_capacity.lock(tx, event_id) if shared else None)


def _until(goods: Goods, tiers: list[Stock], add_ons: list[AddOnId]) -> Goods:
    return Goods(
        {stock.ticket_tier_id: goods.tiers[stock.ticket_tier_id] for stock in tiers},
        {add_on: goods.add_ons[add_on] for add_on in add_ons},
    )
