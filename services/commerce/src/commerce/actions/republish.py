"""Says the present state of every order and tier again, so that a listener can rebuild its copy."""

from commerce.actions.announce import announce_order
from commerce.store import orders
from commerce.store import stock as stocks
from common.db import Transaction
from common.ids import OrderId, TicketTierId
from common.messages import TicketTierAvailabilityChanged

PAGE = 500


async def republish(tx: Transaction) -> int:
    """Publish every order under the message of its status, and every tier's availability; how many."""
    return await _republish_orders(tx) + await _republish_availability(tx)


async def _republish_orders(tx: Transaction) -> int:
    count, after = 0, None
    while page := await orders.orders_after(tx, after, PAGE):
        for order in page:
            announce_order(tx, order, again=True)
        count, after = count + len(page), OrderId(page[-1].id)
    return count


async def _republish_availability(tx: Transaction) -> int:
    count, after = 0, None
    while page := await stocks.stock_after(tx, after, PAGE):
        for stock in page:
            tx.publish(
                TicketTierAvailabilityChanged(
                    ticket_tier_id=stock.ticket_tier_id,
                    event_id=stock.event_id,
                    availability=stock.word,
                    sequence=stock.version,
                )
            )
        count, after = count + len(page), TicketTierId(page[-1].ticket_tier_id)
    return count
