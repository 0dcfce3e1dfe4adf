"""Takes what an order wants of the stock: all of it, or a refusal that names what is left."""

from commerce.actions.tell_availability import tell_availability
from commerce.domain.basket import left_of, sold_out
from commerce.domain.order import Order
from commerce.store import stock as stocks
from common.db import Transaction
from common.ids import TicketTierId


async def take_stock(tx: Transaction, order: Order) -> None:
    """Hold the order's places, or sell them at once if it is paid. Raises SoldOut; the transaction ends with it."""
    take = stocks.take_sold if order.holding == "sold" else stocks.take_held
    wanted = order.places()
    taken: dict[TicketTierId, int] = {}
    for tier, count in wanted.items():
        stock = await take(tx, tier, count)
        if stock is None:
            raise sold_out(wanted, left_of(await stocks.read_stock(tx, wanted), taken))
        taken[tier] = count
        await tell_availability(tx, stock)
