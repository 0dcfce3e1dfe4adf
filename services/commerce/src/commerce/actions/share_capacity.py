"""Gives all tiers of an event one capacity together, beside their own; or takes it away."""

from commerce.actions.tell_availability import remember_shared_word, tell_availability
from commerce.domain.stock import shared_word
from commerce.store import event_capacity, waiting
from commerce.store import stock as stocks
from common.db import Database, Transaction
from common.ids import EventId

AT_ONCE = 50


async def share_capacity(tx: Transaction, event_id: EventId, capacity: int | None) -> None:
    """Sales go on meanwhile: they wait for the tiers, and see afterwards that these share. What is sold stays so, however
    low the capacity; None is no limit. Who waits for more than there is at all then keeps nothing from those behind them.
    Does nothing for an event that never had a capacity."""
    await event_capacity.change_alone(tx, event_id)
    if capacity is None and await event_capacity.read(tx, event_id) is None:
        return
    await stocks.lock_stock_of(tx, event_id)
    shared = await event_capacity.set_capacity(tx, event_id, capacity)
    await remember_shared_word(tx, shared)
    for stock in await waiting.count_anew_of(tx, event_id):
        await tell_availability(tx, stock, shared)


async def tell_shared_availability(database: Database) -> int:
    """Tell all tiers of events whose shared capacity moved among the words; how many events."""
    async with database.transaction() as tx:
        untold = await event_capacity.some_untold(tx, AT_ONCE)
    for event_id in untold:
        async with database.transaction() as tx:
            tiers = await stocks.lock_stock_of(tx, event_id)
            shared = await event_capacity.lock(tx, event_id)
            assert shared is not None, "these rows are never deleted"
            for stock in tiers:
                await tell_availability(tx, stock, shared)
            await event_capacity.set_word(tx, event_id, shared_word(shared), told=True)
    return len(untold)
