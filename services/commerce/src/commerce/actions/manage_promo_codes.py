"""Makes, shows and changes promo codes and automatic discounts, on behalf of those who may sell for the organisation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from commerce.actions.change_sale_settings import event_to_sell, require_currency, require_version
from commerce.actions.read_orders import find_event_for_staff
from commerce.domain.promo import MOST_AUTOMATIC, PromoCode, checked
from commerce.domain.sale import Event
from commerce.errors import NoSuchPromoCode, OtherEventsTicket, TooManyDiscounts, UnknownEvent
from commerce.store import copies, promo_codes
from common.db import Transaction
from common.ids import EventId, PromoCodeId
from common.principal import Principal
from common.refusals import MissingCapability
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)


async def add_promo_code(
    tx: Transaction, principal: Principal, event_id: EventId, wanted: Callable[[PromoCodeId], PromoCode]
) -> PromoCode:
    """Make one. Raises PromoCodeTaken, TooManyDiscounts, or a 422 that points at the value at fault."""
    event = await event_to_sell(tx, principal, event_id)
    promo = checked(wanted(tx.new_id(PromoCodeId)))
    await _require_fitting(tx, event, promo)
    await promo_codes.add_promo_code(tx, promo)
    return promo


async def list_promo_codes(
    tx: Transaction,
    principal: Principal,
    event_id: EventId,
    cursor: str | None,
    limit: int,
    view: Callable[[PromoCode], Model],
) -> Page[Model]:
    """All of an event, with what was used of them, for staff who may read its orders."""
    await find_event_for_staff(tx, principal, event_id)
    return await promo_codes.promo_codes_of_event(tx, event_id, cursor, limit, view)


async def change_promo_code(
    tx: Transaction, principal: Principal, promo_code_id: PromoCodeId, changes: Mapping[str, Any], expected: int | None
) -> PromoCode:
    """Set what `changes` names. Orders that hold or used it keep what was taken off; limits may be set below what is used."""
    before = await promo_codes.find_promo_code(tx, promo_code_id)
    if before is None:
        raise NoSuchPromoCode()
    try:
        event = await event_to_sell(tx, principal, before.event_id)
    except (UnknownEvent, MissingCapability):
        raise NoSuchPromoCode() from None
    locked = await promo_codes.lock_promo_code(tx, promo_code_id)
    assert locked is not None, "promo codes are never deleted"
    require_version(expected, locked.version)
    promo = checked(replace(locked, **changes, version=locked.version + 1))
    await _require_fitting(tx, event, promo)
    await promo_codes.save_promo_code(tx, promo)
    return promo


async def _require_fitting(tx: Transaction, event: Event, promo: PromoCode) -> None:
    if promo.currency is not None:
        await require_currency(tx, event, promo.currency, "/amount" if promo.amount else "/budget")
    known = {tier.id for tier in await copies.tiers_of(tx, event.id)}
    for place, tier in enumerate(promo.ticket_tier_ids):
        if tier not in known:
            raise OtherEventsTicket(pointer=f"/ticketTierIds/{place}")
    automatic = promo.code is None and not promo.disabled
    if automatic and await promo_codes.count_automatic(tx, event.id, promo.id) >= MOST_AUTOMATIC:
        raise TooManyDiscounts(limit=MOST_AUTOMATIC)
