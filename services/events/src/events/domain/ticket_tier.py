"""A ticket tier: what one kind of admission costs, how many there are, and when and how many at once may be bought.

events configures tiers and never counts: stock is commerce's, whose word about it is shown as `availability`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from common.ids import EventId, TicketTierId
from common.money import Money
from events.errors import FewestAboveMost, OtherCurrency, SalesEndBeforeTheyStart

Availability = Literal["available", "few", "sold_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTier:
    """One tier as it stands. `price` of 0 is free, in whatever currency it was named."""

    id: TicketTierId
    version: int
    event_id: EventId
    name: str
    price: Money
    capacity: int
    sales_start_at: datetime | None
    sales_end_at: datetime | None
    min_per_order: int
    max_per_order: int
    retired: bool


def checked(tier: TicketTier) -> TicketTier:
    """The tier itself when its window and its bounds are in order; refuses otherwise."""
    starts, ends = tier.sales_start_at, tier.sales_end_at
    if starts is not None and ends is not None and ends <= starts:
        raise SalesEndBeforeTheyStart(pointer="/salesEndAt")
    if tier.min_per_order > tier.max_per_order:
        raise FewestAboveMost(fewest=tier.min_per_order, most=tier.max_per_order, pointer="/minPerOrder")
    return tier


def currency_after(event_currency: str | None, price: Money) -> str | None:
    """The event's currency once a tier has this price: the first price above 0 fixes it, and no other may follow."""
    if not price:
        return event_currency
    if event_currency is not None and price.currency != event_currency:
        raise OtherCurrency(currency=event_currency, pointer="/price/currency")
    return price.currency


def price_in(event_currency: str | None, price: Money) -> Money | None:
    """What others are told: a free tier is free in the event's currency, and has no price while there is none."""
    if price:
        return price
    return None if event_currency is None else Money.zero(event_currency)
