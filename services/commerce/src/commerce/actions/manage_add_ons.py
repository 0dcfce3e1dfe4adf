"""Sets up what is sold beside an event's tickets, by its organiser; and shows it to everyone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from commerce.actions.change_sale_settings import event_to_sell
from commerce.domain.add_on import AddOn
from commerce.domain.sale import Event
from commerce.domain.stock import AddOnStock
from commerce.errors import (
    ChangedMeanwhile,
    NoCurrencyYet,
    OtherCurrency,
    OtherEventsTicket,
    SaleEndsBeforeItBegins,
    UnknownAddOn,
    UnknownEvent,
)
from commerce.store import add_on_stock, add_ons, copies
from common.capabilities import Capability, Scope, holds
from common.db import Transaction
from common.ids import AddOnId, EventId, TicketTierId
from common.money import Money
from common.principal import Principal


@dataclass(frozen=True, slots=True)
class NewAddOn:
    """An add-on as its organiser asks for it."""

    name: str
    description: str | None
    price: Money
    capacity: int | None
    ticket_tier_ids: tuple[TicketTierId, ...]
    max_per_ticket: int | None
    max_per_order: int
    sales_start_at: datetime | None
    sales_end_at: datetime | None
    tax_rate: int


async def add_add_on(tx: Transaction, principal: Principal, event_id: EventId, wanted: NewAddOn) -> AddOn:
    """Put something on sale beside an event's tickets."""
    event = await event_to_sell(tx, principal, event_id)
    add_on = AddOn(
        id=tx.new_id(AddOnId),
        version=1,
        event_id=event_id,
        organization_id=event.organization_id,
        name=wanted.name,
        description=wanted.description,
        price=wanted.price,
        capacity=wanted.capacity,
        ticket_tier_ids=wanted.ticket_tier_ids,
        max_per_ticket=wanted.max_per_ticket,
        max_per_order=wanted.max_per_order,
        sales_start_at=wanted.sales_start_at,
        sales_end_at=wanted.sales_end_at,
        tax_rate=wanted.tax_rate,
        retired=False,
    )
    await _require_sound(tx, event, add_on)
    await add_ons.add_add_on(tx, add_on)
    return add_on


async def change_add_on(
    tx: Transaction, principal: Principal, add_on_id: AddOnId, changes: Mapping[str, Any], version: int | None
) -> AddOn:
    """Change some of its fields. What was ordered keeps its price and stays valid, also above a lowered capacity.

    Raises UnknownAddOn, ChangedMeanwhile where `version` is not the one that stands.
    """
    before = await add_ons.lock_add_on(tx, add_on_id)
    if before is None:
        raise UnknownAddOn()
    try:
        event = await event_to_sell(tx, principal, before.event_id)
    except UnknownEvent:
        raise UnknownAddOn() from None
    if version is not None and version != before.version:
        raise ChangedMeanwhile()
    after = replace(before, **changes)
    if after == before:
        return before
    after = replace(after, version=before.version + 1)
    await _require_sound(tx, event, after)
    await add_ons.save_add_on(tx, after)
    return after


async def read_add_ons(
    tx: Transaction, principal: Principal, event_id: EventId
) -> tuple[Event, list[AddOn], dict[AddOnId, AddOnStock]]:
    """What is sold beside the tickets of a published event, with how much of it is left. Staff see retired ones too."""
    event = await copies.find_event(tx, event_id)
    staff = event is not None and holds(principal, Capability.COMMERCE_ORDER_READ, _scope(event))
    if event is None or (event.status == "draft" and not staff):
        raise UnknownEvent(retry_after=1)
    found = [add_on for add_on in await add_ons.add_ons_of(tx, event_id) if staff or not add_on.retired]
    return event, found, await add_on_stock.read(tx, [add_on.id for add_on in found])


async def _require_sound(tx: Transaction, event: Event, add_on: AddOn) -> None:
    """One currency per event, tickets of this event, and a window that is one."""
    if event.currency is None:
        raise NoCurrencyYet(pointer="/price/currency")
    if add_on.price.currency != event.currency:
        raise OtherCurrency(currency=event.currency, pointer="/price/currency")
    ours = {tier.id for tier in await copies.tiers_of(tx, event.id)}
    for place, tier in enumerate(add_on.ticket_tier_ids):
        if tier not in ours:
            raise OtherEventsTicket(pointer=f"/ticketTierIds/{place}")
    begins, ends = add_on.sales_start_at, add_on.sales_end_at
    if begins is not None and ends is not None and begins >= ends:
        raise SaleEndsBeforeItBegins(pointer="/salesEndAt")


def _scope(event: Event) -> Scope:
    return Scope(event.organization_id, event.workspace_id)
