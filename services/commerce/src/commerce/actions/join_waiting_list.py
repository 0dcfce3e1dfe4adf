"""Puts someone on a tier's waiting list."""

from commerce.domain.basket import Basket, Wish
from commerce.domain.quote import quote
from commerce.domain.sale_settings import PlatformFee
from commerce.domain.stock import Goods
from commerce.domain.waiting_list import Entry
from commerce.errors import NotSoldOut, NoWaitingList, UnknownEvent, VerifiedEmailNeeded, WaitingAlready
from commerce.store import event_capacity, waiting
from commerce.store import stock as stocks
from commerce.store.offered import find_offered
from common.db import Transaction
from common.ids import EventId, TicketTierId, WaitingListEntryId
from common.principal import Principal


async def join_waiting_list(
    tx: Transaction, principal: Principal, platform: PlatformFee, event_id: EventId, wish: Wish
) -> tuple[Entry, int]:
    """The entry, and how many are before it. Only while nothing is free or others wait; one entry a person and tier.

    From the first entry on, the public sale of the tier stands still: what becomes free is for those who wait.
    Raises what placing an order would, and NoWaitingList, NotSoldOut, WaitingAlready.
    """
    user = principal.require_user()
    if principal.email is None:
        raise VerifiedEmailNeeded()
    found = await find_offered(tx, event_id, Goods({wish.ticket_tier_id: wish.quantity}, {}))
    if found is None:
        raise UnknownEvent(retry_after=1)
    [choice] = quote(found, Basket(event_id, (wish,)), platform, tx.now).choices
    if not found.settings.waiting_list:
        raise NoWaitingList()
    event = found.event
    if await waiting.has_open_offer(tx, user, wish.ticket_tier_id):
        raise WaitingAlready()
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
    full = await _event_is_full(tx, event_id, wish.ticket_tier_id)
    if await waiting.begin_waiting(tx, wish.ticket_tier_id, event_is_full=full) is None:
        raise NotSoldOut(ticket_tier_name=choice.tier.name)
    return entry, await waiting.count_ahead(tx, entry)


async def _event_is_full(tx: Transaction, event_id: EventId, ticket_tier_id: TicketTierId) -> bool:
    """Whether all tiers of the event together have nothing left, whatever this one has."""
    [stock] = (await stocks.read_stock(tx, [ticket_tier_id])).values()
    shared = await event_capacity.read(tx, event_id) if stock.shared else None
    return shared is not None and shared.left == 0
