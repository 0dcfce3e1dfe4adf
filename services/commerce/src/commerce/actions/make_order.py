"""Makes an order for somebody, by the organiser's staff: complimentary or sold at the door, and paid at once.

Its buyer is nobody of ours, only an address: what buyers may do with their orders, nobody does with this one but staff.
"""

from dataclasses import replace

from commerce.actions.announce import announce_order
from commerce.actions.place_order import new_order
from commerce.actions.read_waiting_lists import require_staff_of
from commerce.actions.take_stock import take_stock
from commerce.domain.add_on import choose_add_ons
from commerce.domain.basket import choose
from commerce.domain.ledger import door_charge
from commerce.domain.made import Made, given, given_too, offered_to_staff
from commerce.domain.order import NO_CANCELLATION, Buyer, Order, paid
from commerce.domain.quote import Offered, quote_choices
from commerce.domain.sale_settings import PlatformFee
from commerce.errors import UnknownEvent
from commerce.store import ledger, orders
from commerce.store.offered import find_offered
from common.capabilities import Capability
from common.db import Transaction
from common.ids import NOBODY, EventId
from common.principal import Principal


async def make_order(
    tx: Transaction, principal: Principal, platform: PlatformFee, event_id: EventId, made: Made
) -> Order:
    """All of it or nothing. Raises UnknownEvent, what `choose` and `choose_add_ons` raise, and SoldOut."""
    offered = await find_offered(tx, event_id, made.basket(event_id).goods())
    if offered is None:
        raise UnknownEvent(retry_after=1)
    require_staff_of(principal, offered.event, Capability.COMMERCE_ORDER_WRITE)
    order = _made(tx, principal, platform, offered_to_staff(offered), made)
    await orders.add_order(tx, order)
    ledger.add_transfers(tx, door_charge(order))
    announce_order(tx, order)
    await take_stock(tx, order, offered.stock)
    return order


def _made(tx: Transaction, principal: Principal, platform: PlatformFee, offered: Offered, made: Made) -> Order:
    event, tickets = offered.event, made.basket(offered.event.id).goods().tiers
    choices = choose(event, offered.tiers, made.wishes, tx.now)
    add_ons = choose_add_ons(event.id, offered.add_ons, made.add_ons, tickets, tx.now)
    if made.taken_as is None:
        choices, add_ons = given(choices), given_too(add_ons)
    quoted = replace(quote_choices(offered, choices, None, platform, tx.now, add_ons), capture="automatic")
    order = replace(
        new_order(tx, Buyer(NOBODY, made.email, made.name), quoted),
        origin="organiser" if made.taken_as is None else "door",
        captured=quoted.priced.total,
        cancellation=NO_CANCELLATION,
        made_by=principal.actor,
        taken_as=made.taken_as,
    )
    return order if order.status == "paid" else paid(order, tx.now)
