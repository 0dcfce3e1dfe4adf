"""Says how an event and its tiers are sold, and changes it; on behalf of those who may sell for its organisation."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from commerce.actions.read_orders import find_event_for_staff
from commerce.actions.share_capacity import share_capacity
from commerce.domain.sale import Event
from commerce.domain.sale_settings import SaleSettings, TierSaleSettings
from commerce.errors import (
    ChangedMeanwhile,
    IfMatchMissing,
    NoCurrencyYet,
    OtherCurrency,
    UnknownEvent,
    UnknownTicketTier,
)
from commerce.store import copies, sale_settings
from common.capabilities import Capability, Scope, holds, require_capability
from common.db import Transaction
from common.ids import EventId, TicketTierId
from common.principal import Principal


async def read_sale_settings(tx: Transaction, principal: Principal, event_id: EventId) -> SaleSettings:
    """How an event is sold, for staff who may read its orders; the defaults while nobody said anything."""
    await find_event_for_staff(tx, principal, event_id)
    return await sale_settings.settings_of_event(tx, event_id)


async def change_sale_settings(
    tx: Transaction, principal: Principal, event_id: EventId, wanted: SaleSettings, expected: int | None
) -> SaleSettings:
    """Orders that were placed keep the terms they were placed on. The capacity changes last, as all stock does."""
    event = await event_to_sell(tx, principal, event_id)
    current = await sale_settings.settings_of_event(tx, event_id)
    require_version(expected, current.version)
    if wanted.currency is not None:
        await require_currency(tx, event, wanted.currency, "/serviceFee")
    saved = await sale_settings.save_settings_of_event(tx, event_id, replace(wanted, version=current.version))
    if saved is None:
        raise ChangedMeanwhile()
    await share_capacity(tx, event_id, saved.capacity)
    return saved


async def read_tier_sale_settings(
    tx: Transaction, principal: Principal, ticket_tier_id: TicketTierId
) -> TierSaleSettings:
    """How a tier is sold, for staff who may read its orders; the defaults while nobody said anything."""
    await _reach_tier(tx, principal, ticket_tier_id, find_event_for_staff)
    return await sale_settings.settings_of_tier(tx, ticket_tier_id)


async def change_tier_sale_settings(
    tx: Transaction,
    principal: Principal,
    ticket_tier_id: TicketTierId,
    wanted: TierSaleSettings,
    expected: int | None,
) -> TierSaleSettings:
    """Orders that were placed keep the terms they were placed on."""
    await _reach_tier(tx, principal, ticket_tier_id, event_to_sell)
    current = await sale_settings.settings_of_tier(tx, ticket_tier_id)
    require_version(expected, current.version)
    saved = await sale_settings.save_settings_of_tier(tx, ticket_tier_id, replace(wanted, version=current.version))
    if saved is None:
        raise ChangedMeanwhile()
    return saved


async def event_to_sell(tx: Transaction, principal: Principal, event_id: EventId) -> Event:
    """An event the principal may sell for. A draft of others is as if it were not there."""
    event = await copies.find_event(tx, event_id)
    if event is None:
        raise UnknownEvent(retry_after=1)
    scope = Scope(event.organization_id, event.workspace_id)
    if event.status == "draft" and not holds(principal, Capability.COMMERCE_ORDER_READ, scope):
        raise UnknownEvent(retry_after=1)
    require_capability(principal, Capability.COMMERCE_SALE_WRITE, scope, public=True)
    return event


async def require_currency(tx: Transaction, event: Event, currency: str, pointer: str) -> None:
    """Money of an event is in its one currency, which its first price fixes."""
    known = event.currency or await copies.currency_of_tiers(tx, event.id)
    if known is None:
        raise NoCurrencyYet(pointer=pointer)
    if currency != known:
        raise OtherCurrency(currency=known, pointer=pointer)


def require_version(expected: int | None, version: int) -> None:
    """Refuse a change of something that is no longer what the caller read. `expected` of 0 means whatever there is."""
    if expected is None:
        raise IfMatchMissing()
    if expected not in (0, version):
        raise ChangedMeanwhile()


async def _reach_tier(
    tx: Transaction,
    principal: Principal,
    ticket_tier_id: TicketTierId,
    reach: Callable[[Transaction, Principal, EventId], Awaitable[Event]],
) -> None:
    tier = await copies.find_ticket_tier(tx, ticket_tier_id)
    if tier is None:
        raise UnknownTicketTier(retry_after=1)
    try:
        await reach(tx, principal, tier.event_id)
    except UnknownEvent:
        raise UnknownTicketTier(retry_after=1) from None
