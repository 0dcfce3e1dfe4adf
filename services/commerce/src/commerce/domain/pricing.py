"""How a total comes about: prices less discounts, tax in or on top of them, fees; and what each ticket of a line cost.

A position is one ticket or one piece of an add-on: what is rounded "line by line" is rounded position by position, half up.
Whatever is rounded over a whole order is given to its lines by the largest remainder, so that parts always add up.
Source: ticketing anchors 35 to 37; the names of the ways to round are pretix's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from commerce.domain.order import AddOnLine, Charge, Line, Rounding, Sums
from common.money import Money

WHOLE = 100_000
"""A rate of 100 %: rates are in thousandths of a percent."""


def percent(rate: int) -> str:
    """A rate as people write it: `19 %`, `7.7 %`."""
    whole, rest = divmod(rate, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") + " %"


@dataclass(frozen=True, slots=True)
class Item:
    """So many positions of one price. `discount` is off all of them together, and not more than they cost."""

    unit_price: Money
    quantity: int
    discount: Money
    tax_rate: int


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What beside prices makes a total. The fees of the service are minor units of the order's currency.

    `platform_fee_rate` is of what the lines come to; `platform_fee_off` is how many percent of that fee backers are spared.
    With `reverse_charge` the buyer owes the tax, and pays prices without it.
    """

    prices_include_tax: bool
    rounding: Rounding
    service_fee_per_order: int
    service_fee_per_ticket: int
    platform_fee_rate: int
    platform_fee_off: int
    platform_fee_passed_on: bool
    reverse_charge: bool = False


@dataclass(frozen=True, slots=True)
class Priced:
    """What each item comes to, in the order they were given, and all of them with the fees."""

    tickets: tuple[Charge, ...]
    add_ons: tuple[Charge, ...]
    sums: Sums
    total: Money


def price(currency: str, tickets: Sequence[Item], add_ons: Sequence[Item], terms: PriceTerms) -> Priced:
    """The whole sum. What costs nothing bears no fee: an order of nothing but gifts stays free."""
    charges = charges_of([*tickets, *add_ons], prices_include_tax=terms.prices_include_tax, rounding=terms.rounding)
    paid_tickets = sum(item.quantity for item, charge in zip(tickets, charges, strict=False) if charge.gross)
    if terms.reverse_charge:
        charges = tuple(_without_tax(charge) for charge in charges)
    lines = sum(charge.gross.amount for charge in charges)
    service_fee = terms.service_fee_per_order * bool(lines) + terms.service_fee_per_ticket * paid_tickets
    spared = 100 - terms.platform_fee_off
    platform_fee = _half_up(lines * terms.platform_fee_rate * spared, WHOLE * 100)
    sums = Sums(
        discount=Money(sum(charge.discount.amount for charge in charges), currency),
        tax=Money(sum(charge.tax.amount for charge in charges), currency),
        service_fee=Money(service_fee, currency),
        platform_fee=Money(platform_fee, currency),
        platform_fee_passed_on=terms.platform_fee_passed_on,
        prices_include_tax=terms.prices_include_tax,
        rounding=terms.rounding,
        reverse_charge=terms.reverse_charge,
    )
    total = Money(lines + service_fee + platform_fee * terms.platform_fee_passed_on, currency)
    return Priced(charges[: len(tickets)], charges[len(tickets) :], sums, total)


def charges_of(items: Sequence[Item], *, prices_include_tax: bool, rounding: Rounding) -> tuple[Charge, ...]:
    """What each item comes to. Over an order, tax is rounded for each rate by itself, as invoices show it."""
    charges = [_rounded_by_position(item, prices_include_tax) for item in items]
    if rounding == "line":
        return tuple(charges)
    for rate in {item.tax_rate for item in items}:
        places = [place for place, item in enumerate(items) if item.tax_rate == rate]
        again = _rounded_by_sum([charges[place] for place in places], rate, rounding)
        for place, charge in zip(places, again, strict=True):
            charges[place] = charge
    return tuple(charges)


def _without_tax(charge: Charge) -> Charge:
    """What is left to pay where the buyer owes the tax: exactly what the tax, as it was rounded, leaves."""
    return Charge(charge.discount, 0, Money.zero(charge.gross.currency), charge.gross - charge.tax)


def _rounded_by_position(item: Item, prices_include_tax: bool) -> Charge:
    """Positions of one item differ by a minor unit at most: as many as the remainder cost one more, as `split` has it."""
    price = item.unit_price * item.quantity - item.discount
    least, dearer = divmod(price.amount, item.quantity)
    tax_of = _tax_in if prices_include_tax else _tax_on
    tax = (item.quantity - dearer) * tax_of(least, item.tax_rate)
    if dearer:
        tax += dearer * tax_of(least + 1, item.tax_rate)
    taxed = Money(tax, price.currency)
    return Charge(item.discount, item.tax_rate, taxed, price if prices_include_tax else price + taxed)


def _rounded_by_sum(charges: Sequence[Charge], rate: int, rounding: Rounding) -> list[Charge]:
    """The tax of the sum, given to its parts. Either the sum of the net prices stays, or what the buyer pays does."""
    keep_gross = rounding == "sum_by_net_keep_gross"
    kept = [charge.gross if keep_gross else charge.gross - charge.tax for charge in charges]
    amounts = [money.amount for money in kept]
    whole = sum(amounts)
    if not whole:
        return list(charges)
    tax = _tax_in(whole, rate) if keep_gross else _tax_on(whole, rate)
    parts = Money(tax, kept[0].currency).split(amounts)
    return [
        Charge(charge.discount, rate, part, money if keep_gross else money + part)
        for charge, money, part in zip(charges, kept, parts, strict=True)
    ]


def _tax_in(gross: int, rate: int) -> int:
    """What the net amount, rounded half up, leaves."""
    return gross - _half_up(gross * WHOLE, WHOLE + rate)


def _tax_on(net: int, rate: int) -> int:
    return _half_up(net * rate, WHOLE)


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of what a line came to: what was paid for it, and what of that was tax."""

    gross: Money
    tax: Money


def admission_shares(line: Line) -> list[Money]:
    """What each admission of a line cost, the first ordinal first; together exactly what the line came to."""
    return line.charge.gross.split([1] * line.quantity)


def share_of(line: Line, ordinals: Iterable[int]) -> Share:
    """What these ordinals of a line cost together. Asked for all of them, in whatever parts, it is the whole charge."""
    return _share(line.charge, line.quantity, [ordinal - 1 for ordinal in ordinals])


def share_of_add_on(line: AddOnLine, count: int) -> Share:
    """What the next `count` pieces to be returned cost; those returned before were the first ones."""
    return _share(line.charge, line.quantity, range(line.returned, line.returned + count))


def _share(charge: Charge, quantity: int, places: Iterable[int]) -> Share:
    gross, tax = charge.gross.split([1] * quantity), charge.tax.split([1] * quantity)
    share = Share(Money.zero(charge.gross.currency), Money.zero(charge.gross.currency))
    for place in places:
        share = Share(share.gross + gross[place], share.tax + tax[place])
    return share
