"""What may be ordered: the rules between a wish and an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from commerce.domain.add_on import AddOnWish
from commerce.domain.party import Party
from commerce.domain.sale import Event, TicketTier, why_event_is_closed, why_tier_is_closed
from commerce.domain.stock import Goods
from commerce.domain.vat_number import VatNumber
from commerce.errors import (
    CurrenciesMixed,
    EventNotOnSale,
    QuantityOutsideLimits,
    TicketTierNamedTwice,
    TicketTierNotOnSale,
    TooManyAdmissions,
    TooManyAttendees,
    UnknownTicketTier,
)
from common.ids import EventId, TicketTierId
from common.money import Money

MOST_ADMISSIONS = 100
CURRENCY_OF_NOTHING = "USD"
"""A free order of an event that never named a currency: zero is zero in all of them, and the field is never empty."""


@dataclass(frozen=True, slots=True)
class Attendee:
    """Someone who will come. Their pass goes to their own address where one is given."""

    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """A line as the buyer asks for it; the first attendees take the first ordinals."""

    ticket_tier_id: TicketTierId
    quantity: int
    attendees: tuple[Attendee, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A wish that may be fulfilled: its tier and the price it is reserved for."""

    tier: TicketTier
    unit_price: Money
    wish: Wish


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody wants to order. `promo_code` is as codes are kept; `expected_total` is what they were shown; `billing` is how
    documents shall name them."""

    event_id: EventId
    wishes: tuple[Wish, ...]
    add_ons: tuple[AddOnWish, ...] = ()
    promo_code: str | None = None
    expected_total: Money | None = None
    billing: Party | None = None

    def tickets(self) -> Mapping[TicketTierId, int]:
        """How many of each tier."""
        return {wish.ticket_tier_id: wish.quantity for wish in self.wishes}

    def vat_number(self) -> VatNumber | None:
        """The buyer's number, where they named one of the EU."""
        return None if self.billing is None else VatNumber.read(self.billing.tax_id)

    def goods(self) -> Goods:
        """What it would take of the stock."""
        return Goods(self.tickets(), {wish.add_on_id: wish.quantity for wish in self.add_ons})


def choose(
    event: Event, tiers: Mapping[TicketTierId, TicketTier], wishes: Sequence[Wish], now: datetime
) -> tuple[Choice, ...]:
    """All wishes or none: each tier is the event's, on sale, within its limits, and all cost one currency.

    Raises UnknownTicketTier, EventNotOnSale, TicketTierNotOnSale, or a 422 that points at the line at fault.
    """
    if sum(wish.quantity for wish in wishes) > MOST_ADMISSIONS:
        raise TooManyAdmissions(limit=MOST_ADMISSIONS, pointer="/lines")
    for place, wish in enumerate(wishes):
        if any(other.ticket_tier_id == wish.ticket_tier_id for other in wishes[:place]):
            raise TicketTierNamedTwice(pointer=f"/lines/{place}/ticketTierId")
        if len(wish.attendees) > wish.quantity:
            raise TooManyAttendees(pointer=f"/lines/{place}/attendees")
    closed = why_event_is_closed(event, now)
    if closed is not None:
        raise EventNotOnSale(reason=closed)
    found = [_orderable(tiers.get(wish.ticket_tier_id), event, wish, place, now) for place, wish in enumerate(wishes)]
    currency = _one_currency(event, found)
    return tuple(
        Choice(tier, tier.price or Money.zero(currency), wish) for tier, wish in zip(found, wishes, strict=True)
    )


def _orderable(tier: TicketTier | None, event: Event, wish: Wish, place: int, now: datetime) -> TicketTier:
    if tier is None or tier.event_id != event.id:
        raise UnknownTicketTier(retry_after=1)
    closed = why_tier_is_closed(tier, now)
    if closed is not None:
        raise TicketTierNotOnSale(ticket_tier_id=tier.id, ticket_tier_name=tier.name, reason=closed)
    if not tier.min_per_order <= wish.quantity <= tier.max_per_order:
        raise QuantityOutsideLimits(
            ticket_tier_name=tier.name,
            least=tier.min_per_order,
            most=tier.max_per_order,
            pointer=f"/lines/{place}/quantity",
        )
    return tier


def _one_currency(event: Event, tiers: Sequence[TicketTier]) -> str:
    priced = {tier.price.currency for tier in tiers if tier.price is not None}
    if len(priced) > 1:
        raise CurrenciesMixed(pointer="/lines")
    return next(iter(priced), event.currency or CURRENCY_OF_NOTHING)
