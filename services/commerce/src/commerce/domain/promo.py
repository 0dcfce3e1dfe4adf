"""Promo codes and automatic discounts, which are the same without a code to type.

A typed code and an automatic discount never add up: the buyer gets the one that takes more off, and of two alike the automatic
one. A code that is not the better one is not used up. Only a code that opens a hidden tier of the order is always the one
that counts, because the order would not be without it. A use is an order, whatever the number of its tickets.
Source: ticketing anchors 29 to 34.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from commerce.domain.order import Order
from commerce.domain.pricing import WHOLE
from commerce.errors import (
    PromoCodeNotApplicable,
    PromoCodeUsedUp,
    PromoEndsBeforeItBegins,
    PromoKindUnclear,
    UnknownPromoCode,
)
from common.ids import EventId, PromoCodeId, TicketTierId
from common.money import Money

Kind = Literal["percent", "fixed_per_order", "fixed_per_ticket"]
WhyNot = Literal["disabled", "not_started", "ended", "other_tickets", "too_few_tickets", "used_up"]
UseOf = Literal["held", "used"]
POINTER = "/promoCode"
MOST_AUTOMATIC = 20
"""Of an event at a time: every order looks at each of them."""


@dataclass(frozen=True, slots=True)
class PromoCode:
    """What takes something off. Without a `code` it applies by itself; without tiers, to all of the event.

    `rate` (of a percent kind) is in thousandths of a percent; `amount` (of a fixed kind) and `budget` are minor units of
    `currency`. `max_uses` counts orders. What orders that wait for their payment have is held, what paid ones have is used.
    """

    id: PromoCodeId
    version: int
    event_id: EventId
    code: str | None
    name: str
    kind: Kind
    rate: int
    amount: int
    currency: str | None
    max_uses: int | None
    budget: int | None
    ticket_tier_ids: tuple[TicketTierId, ...]
    valid_from: datetime | None
    valid_until: datetime | None
    min_tickets: int
    disabled: bool
    held_uses: int = 0
    used_uses: int = 0
    held_amount: int = 0
    used_amount: int = 0

    def is_for(self, tier: TicketTierId) -> bool:
        """Whether it takes anything off this tier."""
        return not self.ticket_tier_ids or tier in self.ticket_tier_ids


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line before any discount. `hidden` is sold only to who has a code that names its tier."""

    tier: TicketTierId
    unit_price: Money
    quantity: int
    hidden: bool = False

    @property
    def price(self) -> Money:
        """Of all of it."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Discount:
    """What is taken off each line, and by which code; by none, nothing is."""

    promo: PromoCode | None
    lines: tuple[Money, ...]

    @property
    def amount(self) -> int:
        """Of all lines, in minor units."""
        return sum(line.amount for line in self.lines)


def checked(promo: PromoCode) -> PromoCode:
    """It, if its values fit together. Raises PromoKindUnclear or PromoEndsBeforeItBegins."""
    if (promo.kind == "percent") == bool(promo.amount):
        raise PromoKindUnclear(pointer="/kind")
    if promo.valid_from is not None and promo.valid_until is not None and promo.valid_until <= promo.valid_from:
        raise PromoEndsBeforeItBegins(pointer="/validUntil")
    return promo


def typed(code: str) -> str:
    """As codes are kept and compared: people write them in either case. A letter that only looks like one of ours, or turns
    into one in upper case, stays what it is, and fits no code."""
    return code.strip().upper() if code.isascii() else code.strip()


def opens(promo: PromoCode | None, tier: TicketTierId) -> bool:
    """Whether a code lets its holder see and buy this hidden tier: it must name it."""
    return promo is not None and promo.code is not None and tier in promo.ticket_tier_ids


def best_discount(code: str | None, promos: Sequence[PromoCode], lines: Sequence[Wanted], now: datetime) -> Discount:
    """What applies to this order. `promos` are the event's automatic ones and, where there is one, that of the typed code.

    Raises UnknownPromoCode, PromoCodeNotApplicable or PromoCodeUsedUp for a typed code that cannot be used at all.
    """
    best = Discount(None, tuple(Money.zero(line.unit_price.currency) for line in lines))
    for promo in sorted(promos, key=lambda promo: promo.id):
        discount = _discount(promo, lines)
        if promo.code is None and why_not(promo, lines, discount, now) is None and discount.amount > best.amount:
            best = discount
    if code is None:
        return best
    own = _discount(_require_usable(code, promos, lines, now), lines)
    opening = any(line.hidden and opens(own.promo, line.tier) for line in lines)
    return own if opening or own.amount > best.amount else best


def why_not(promo: PromoCode, lines: Sequence[Wanted], discount: Discount, now: datetime) -> WhyNot | None:
    """Why it cannot be used for this order now."""
    if promo.disabled:
        return "disabled"
    if promo.valid_from is not None and now < promo.valid_from:
        return "not_started"
    if promo.valid_until is not None and now >= promo.valid_until:
        return "ended"
    tickets = sum(line.quantity for line in lines if promo.is_for(line.tier))
    if not tickets or (promo.kind != "percent" and promo.currency != lines[0].unit_price.currency):
        return "other_tickets"
    if tickets < promo.min_tickets:
        return "too_few_tickets"
    return None if _has_left(promo, discount.amount) else "used_up"


def use_of(order: Order) -> UseOf | None:
    """What an order has of its code: the same that it has of the stock."""
    if order.promo_code_id is None or order.holding == "released":
        return None
    return "held" if order.holding == "held" else "used"


def _require_usable(code: str, promos: Sequence[PromoCode], lines: Sequence[Wanted], now: datetime) -> PromoCode:
    promo = next((promo for promo in promos if promo.code == code), None)
    if promo is None:
        raise UnknownPromoCode(pointer=POINTER)
    reason = why_not(promo, lines, _discount(promo, lines), now)
    if reason == "used_up":
        raise PromoCodeUsedUp(pointer=POINTER)
    if reason is not None:
        raise PromoCodeNotApplicable(reason=reason, min_tickets=promo.min_tickets, pointer=POINTER)
    return promo


def _has_left(promo: PromoCode, amount: int) -> bool:
    uses = promo.max_uses is None or promo.held_uses + promo.used_uses < promo.max_uses
    return uses and (promo.budget is None or promo.held_amount + promo.used_amount + amount <= promo.budget)


def _discount(promo: PromoCode, lines: Sequence[Wanted]) -> Discount:
    currency = lines[0].unit_price.currency
    prices = [line.price.amount if promo.is_for(line.tier) else 0 for line in lines]
    if promo.kind == "percent":
        off = [(2 * price * promo.rate + WHOLE) // (2 * WHOLE) for price in prices]
    elif promo.kind == "fixed_per_ticket":
        off = [min(price, promo.amount * line.quantity) for price, line in zip(prices, lines, strict=True)]
    elif sum(prices):
        return Discount(promo, tuple(Money(min(promo.amount, sum(prices)), currency).split(prices)))
    else:
        off = prices
    return Discount(promo, tuple(Money(amount, currency) for amount in off))
