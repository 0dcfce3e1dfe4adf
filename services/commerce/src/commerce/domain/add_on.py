"""What is sold beside tickets: parking, a drink, a shirt. With a stock of its own, and never without its ticket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from commerce.domain.sale import NotOnSale
from commerce.errors import AddOnNamedTwice, AddOnNeedsTicket, AddOnNotOnSale, AddOnOutsideLimits, UnknownAddOn
from common.ids import AddOnId, EventId, OrganizationId, TicketTierId
from common.money import Money

MOST_PIECES = 100
"""Of one add-on in one order, as of all tickets."""


@dataclass(frozen=True, slots=True)
class AddOn:
    """Something that is sold with tickets of an event. Its pieces are no admissions and no places.

    `capacity` is None where there are as many as are wanted. An order must hold a ticket of one of `ticket_tier_ids`, or
    of any tier where none is named. `max_per_ticket` counts those tickets. `tax_rate` is in thousandths of a percent.
    """

    id: AddOnId
    version: int
    event_id: EventId
    organization_id: OrganizationId
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
    retired: bool


@dataclass(frozen=True, slots=True)
class AddOnWish:
    """An add-on as the buyer asks for it."""

    add_on_id: AddOnId
    quantity: int


@dataclass(frozen=True, slots=True)
class AddOnChoice:
    """A wish that may be fulfilled, and the price it is reserved for."""

    add_on: AddOn
    unit_price: Money
    quantity: int


def why_add_on_is_closed(add_on: AddOn, now: datetime) -> NotOnSale | None:
    """On sale from the start of its window up to, not including, its end, unless it was retired."""
    if add_on.retired:
        return "retired"
    if add_on.sales_start_at is not None and now < add_on.sales_start_at:
        return "not_started"
    if add_on.sales_end_at is not None and now >= add_on.sales_end_at:
        return "ended"
    return None


def choose_add_ons(
    event_id: EventId,
    add_ons: Mapping[AddOnId, AddOn],
    wishes: Sequence[AddOnWish],
    tickets: Mapping[TicketTierId, int],
    now: datetime,
) -> tuple[AddOnChoice, ...]:
    """All wishes or none: each is the event's, on sale, within its limits, and its ticket is in the same order.

    Raises UnknownAddOn, AddOnNotOnSale, or a 422 that points at the add-on at fault.
    """
    for place, wish in enumerate(wishes):
        if any(other.add_on_id == wish.add_on_id for other in wishes[:place]):
            raise AddOnNamedTwice(pointer=f"/addOns/{place}/addOnId")
    return tuple(_chosen(event_id, add_ons, wish, place, tickets, now) for place, wish in enumerate(wishes))


def base_tickets(add_on: AddOn, tickets: Mapping[TicketTierId, int]) -> int:
    """How many tickets of an order it may go with."""
    if not add_on.ticket_tier_ids:
        return sum(tickets.values())
    return sum(tickets.get(tier, 0) for tier in add_on.ticket_tier_ids)


def most_that_fit(add_on: AddOn, tickets: Mapping[TicketTierId, int]) -> int:
    """How many an order with these tickets takes: none without its ticket."""
    base = base_tickets(add_on, tickets)
    most = add_on.max_per_order if base else 0
    return most if add_on.max_per_ticket is None else min(most, add_on.max_per_ticket * base)


def _chosen(
    event_id: EventId,
    add_ons: Mapping[AddOnId, AddOn],
    wish: AddOnWish,
    place: int,
    tickets: Mapping[TicketTierId, int],
    now: datetime,
) -> AddOnChoice:
    add_on = add_ons.get(wish.add_on_id)
    if add_on is None or add_on.event_id != event_id:
        raise UnknownAddOn()
    closed = why_add_on_is_closed(add_on, now)
    if closed is not None:
        raise AddOnNotOnSale(add_on_id=add_on.id, add_on_name=add_on.name, reason=closed)
    require_fitting(add_on, wish.quantity, place, tickets)
    return AddOnChoice(add_on, add_on.price, wish.quantity)


def require_fitting(add_on: AddOn, quantity: int, place: int, tickets: Mapping[TicketTierId, int]) -> None:
    """Its ticket is there, and there are not too many of it. Raises a 422 that points at the add-on at fault."""
    most = most_that_fit(add_on, tickets)
    if not most:
        needed = list(add_on.ticket_tier_ids)
        raise AddOnNeedsTicket(add_on_name=add_on.name, ticket_tier_ids=needed, pointer=f"/addOns/{place}/addOnId")
    if quantity > most:
        raise AddOnOutsideLimits(add_on_name=add_on.name, most=most, pointer=f"/addOns/{place}/quantity")
