"""Offers what became free to those who wait: an offer is an order in their name, held for longer than others."""

from dataclasses import replace

from commerce.actions.announce import announce_offer, announce_order
from commerce.actions.place_order import new_order, with_its_promo
from commerce.actions.take_stock import take_offered
from commerce.adapters.providers import reason_of
from commerce.domain.basket import CURRENCY_OF_NOTHING, Choice
from commerce.domain.order import Buyer, Order
from commerce.domain.quote import Offered, quote_choices
from commerce.domain.sale import TicketTier, why_event_is_closed, why_tier_is_closed
from commerce.domain.sale_settings import PlatformFee
from commerce.domain.stock import Goods
from commerce.domain.waiting_list import Entry, offer_ends, offered
from commerce.errors import SoldOut
from commerce.store import orders, waiting
from commerce.store.offered import find_offered
from common.db import Database, Transaction
from common.ids import TicketTierId
from common.money import Money
from common.telemetry import logger

log = logger("waiting list")


async def offer_places(database: Database, platform: PlatformFee) -> int:
    """Serve every tier people wait for as far as its free places reach; how many offers were made.

    A tier whose turn cannot be worked out keeps the others from nothing.
    """
    count = 0
    async with database.transaction() as tx:
        tiers = await waiting.tiers_with_free_places(tx)
    for tier in tiers:
        try:
            while await _offer_next(database, platform, tier):
                count += 1
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one tier, the others are still due
            log.error("ALARM: nobody can be offered places", ticket_tier=tier, reason=reason_of(error))
    return count


async def _offer_next(database: Database, platform: PlatformFee, ticket_tier_id: TicketTierId) -> bool:
    """Make one offer. False when nobody waits, too little is free for whose turn it is, or nothing is sold any more."""
    try:
        async with database.transaction() as tx:
            entry = await waiting.lock_next(tx, ticket_tier_id)
            return entry is not None and await _offer_to(tx, platform, entry)
    except SoldOut:
        return False


async def _offer_to(tx: Transaction, platform: PlatformFee, entry: Entry) -> bool:
    found = await find_offered(tx, entry.event_id, Goods({entry.ticket_tier_id: entry.quantity}, {}))
    tier = None if found is None else found.tiers.get(entry.ticket_tier_id)
    if found is None or tier is None:
        return False
    event = found.event
    if why_event_is_closed(event, tx.now) is not None or why_tier_is_closed(tier, tx.now) is not None:
        return False
    order = await _order_for(tx, platform, entry, found, tier)
    await orders.add_order(tx, order)
    await waiting.save_entry(tx, offered(entry, order.id, tx.now))
    await take_offered(tx, order)
    announce_order(tx, order)
    if order.reserved_until is not None:
        announce_offer(tx, entry, event, order)
    return True


async def _order_for(tx: Transaction, platform: PlatformFee, entry: Entry, found: Offered, tier: TicketTier) -> Order:
    """At today's price. What costs nothing is theirs at once, as for whoever orders it."""
    price = tier.price or Money.zero(found.event.currency or CURRENCY_OF_NOTHING)
    quoted = quote_choices(found, (Choice(tier, price, entry.wish),), None, platform, tx.now)
    quoted = await with_its_promo(tx, found, quoted, platform, None)
    order = replace(new_order(tx, Buyer(entry.user_id, entry.email, entry.name), quoted), origin="waiting_list")
    if order.reserved_until is None:
        return order
    window = await waiting.offer_window(tx, found.event.id)
    return replace(order, reserved_until=offer_ends(tx.now, window, found.event.ends_at))
