"""Puts someone on a tier's waiting list."""

from datetime import datetime

from commerce.domain.basket import Basket, Choice, Wish
from commerce.domain.quote import Offered, quote
from commerce.domain.sale import TicketTier
from commerce.domain.sale_settings import PlatformFee
from commerce.domain.stock import Goods
from commerce.domain.waiting_list import Entry
from commerce.errors import (
    NotSoldOut,
    NoWaitingList,
    QuantityOutsideLimits,
    UnknownEvent,
    VerifiedEmailNeeded,
    WaitingAlready,
)
from commerce.store import event_capacity, waiting
from commerce.store import stock as stocks
from commerce.store.offered import find_offered
from common.db import Transaction
from common.ids import EventId, WaitingListEntryId
from common.principal import Principal
from common.refusals import Unprocessable


async def join_waiting_list(
    tx: Transaction, principal: Principal, platform: PlatformFee, event_id: EventId, wish: Wish
) -> tuple[Entry, int]:
    """The entry, and how many are before it. Only while nothing is free or others wait; one entry a person and tier.

    From the first entry on, the public sale of the tier stands still: what becomes free is for those who wait.
    Raises what placing an order would, and NoWaitingList, NotSoldOut, WaitingAlready, QuantityOutsideLimits.
    """
    user = principal.require_user()
    if principal.email is None:
        raise VerifiedEmailNeeded()
    found = await find_offered(tx, event_id, Goods({wish.ticket_tier_id: wish.quantity}, {}))
    if found is None or found.event.status == "draft":
        raise UnknownEvent(retry_after=1)
    choice = _chosen(found, wish, platform, tx.now)
    if not found.settings.waiting_list:
        raise NoWaitingList()
    event = found.event
    entry = Entry(
        id=tx.new_id(WaitingListEntryId),
        event_id=event.id,
        organization_id=event.organization_id,
        ticket_tier_id=wish.ticket_tier_id,
        user_id=user,
        email=principal.email,
        name=principal.name,
        quantity=wish.quantity,
        attendees=wish.attendees,
        priority=0,
        status="waiting",
        joined_at=tx.now,
        offered_at=None,
        order_id=None,
    )
    await waiting.add_entry(tx, entry)
    # Asked only now: where they are being offered places at this moment, the entry before has waited for that to commit.
    if await waiting.has_open_offer(tx, user, wish.ticket_tier_id):
        raise WaitingAlready()
    if await waiting.begin_waiting(tx, entry, event_is_full=await _event_is_full(tx, entry, choice.tier)) is None:
        raise NotSoldOut(ticket_tier_name=choice.tier.name)
    return entry, await waiting.count_ahead(tx, entry)


def _chosen(offered: Offered, wish: Wish, platform: PlatformFee, now: datetime) -> Choice:
    """What an order of it would be. The rules point into an order's lines; here the one line is the whole body."""
    try:
        [choice] = quote(offered, Basket(offered.event.id, (wish,)), platform, now).choices
    except Unprocessable as refusal:
        refusal.pointer = (refusal.pointer or "").removeprefix("/lines/0")
        raise
    return choice


async def _event_is_full(tx: Transaction, entry: Entry, tier: TicketTier) -> bool:
    """Whether all tiers of the event together have nothing left, whatever this one has.

    Raises QuantityOutsideLimits for who wants more than there is at all: their turn would never come, and what they wait for
    would never be sold.
    """
    [stock] = (await stocks.read_stock(tx, [entry.ticket_tier_id])).values()
    shared = await event_capacity.read(tx, entry.event_id) if stock.shared else None
    most = stock.capacity if shared is None or shared.capacity is None else min(stock.capacity, shared.capacity)
    if entry.quantity > most:
        raise QuantityOutsideLimits(
            ticket_tier_name=tier.name, least=min(tier.min_per_order, most), most=most, pointer="/quantity"
        )
    return shared is not None and shared.left == 0
