"""What becomes of an unpaid order when its buyer wants other things in it.

What stays keeps the price, the tax and the discount it was reserved for, also when it is no longer on sale. A line that
grows is priced anew as a whole: otherwise one cheap ticket, reserved early, would be worth ten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from commerce.domain.add_on import AddOn, AddOnWish, most_that_fit
from commerce.domain.basket import Basket, Wish
from commerce.domain.order import AddOnLine, Admission, Line, Order
from commerce.domain.promo import PromoCode
from commerce.domain.quote import Offered, Quote
from commerce.domain.sale import TicketTier
from commerce.domain.sale_settings import TierSaleSettings
from common.ids import AddOnId, OrderLineId, TicketTierId
from common.money import Money


@dataclass(frozen=True, slots=True)
class Change:
    """What an order shall hold. `add_ons` None: those it has, as far as their tickets stay. `keeps_code`: that it has."""

    wishes: tuple[Wish, ...]
    add_ons: tuple[AddOnWish, ...] | None
    promo_code: str | None
    keeps_code: bool
    expected_total: Money | None


def basket_of(order: Order, change: Change, add_ons: Mapping[AddOnId, AddOn]) -> Basket:
    """What it asks for, as a new order would. `add_ons` are those the order has."""
    tickets = {wish.ticket_tier_id: wish.quantity for wish in change.wishes}
    wanted = change.add_ons
    if wanted is None:
        fitting = [
            (line.add_on_id, min(line.quantity, most_that_fit(add_ons[line.add_on_id], tickets)))
            for line in order.add_ons
        ]
        wanted = tuple(AddOnWish(add_on, quantity) for add_on, quantity in fitting if quantity)
    code = order.promo_code if change.keeps_code else change.promo_code
    return Basket(order.event_id, change.wishes, wanted, code, change.expected_total)


def offered_to(order: Order, offered: Offered, basket: Basket) -> Offered:
    """What is offered, as this order finds it: its own reservations and its own use of a code are not in its way."""
    goods = basket.goods()
    stays = {
        line.ticket_tier_id: line for line in order.lines if goods.tiers.get(line.ticket_tier_id, 0) <= line.quantity
    }
    kept = {line.add_on_id: line for line in order.add_ons if goods.add_ons.get(line.add_on_id, 0) <= line.quantity}
    promos = tuple(_own_promo(promo, order) for promo in offered.promo_codes)
    return replace(
        offered,
        tiers={tier: _reserved(found, stays.get(tier)) for tier, found in offered.tiers.items()},
        add_ons={add_on: _reserved_add_on(found, kept.get(add_on)) for add_on, found in offered.add_ons.items()},
        settings=replace(
            offered.settings, prices_include_tax=order.sums.prices_include_tax, rounding=order.sums.rounding
        ),
        tier_settings={tier: _as_taxed(offered.settings_of(tier), stays.get(tier)) for tier in offered.tiers},
        promo_codes=promos,
    )


def changed(order: Order, quoted: Quote, line_ids: Mapping[TicketTierId | AddOnId, OrderLineId]) -> Order:
    """The order with what was quoted in it. `line_ids` are for what is new; what stays is the same line as before."""
    lines = {line.ticket_tier_id: line for line in order.lines}
    return replace(
        order,
        version=order.version + 1,
        total=quoted.priced.total,
        sums=quoted.priced.sums,
        promo_code_id=None if quoted.discount.promo is None else quoted.discount.promo.id,
        promo_code=None if quoted.discount.promo is None else quoted.discount.promo.code,
        capture=quoted.capture,
        lines=tuple(
            Line(
                id=line_ids[choice.tier.id],
                ticket_tier_id=choice.tier.id,
                ticket_tier_name=choice.tier.name,
                unit_price=choice.unit_price,
                charge=charge,
                admissions=_people(choice.wish, lines.get(choice.tier.id)),
            )
            for choice, charge in zip(quoted.choices, quoted.priced.tickets, strict=True)
        ),
        add_ons=tuple(
            AddOnLine(
                id=line_ids[choice.add_on.id],
                add_on_id=choice.add_on.id,
                add_on_name=choice.add_on.name,
                unit_price=choice.unit_price,
                quantity=choice.quantity,
                returned=0,
                charge=charge,
            )
            for choice, charge in zip(quoted.add_ons, quoted.priced.add_ons, strict=True)
        ),
    )


def _reserved(tier: TicketTier, line: Line | None) -> TicketTier:
    if line is None:
        return tier
    return replace(tier, price=line.unit_price, retired=False, sales_start_at=None, sales_end_at=None)


def _reserved_add_on(add_on: AddOn, line: AddOnLine | None) -> AddOn:
    if line is None:
        return add_on
    return replace(
        add_on,
        price=line.unit_price,
        tax_rate=line.charge.tax_rate,
        retired=False,
        sales_start_at=None,
        sales_end_at=None,
    )


def _as_taxed(settings: TierSaleSettings, line: Line | None) -> TierSaleSettings:
    return settings if line is None else replace(settings, tax_rate=line.charge.tax_rate)


def _own_promo(promo: PromoCode, order: Order) -> PromoCode:
    if promo.id != order.promo_code_id:
        return promo
    return replace(
        promo,
        disabled=False,
        valid_from=None,
        valid_until=None,
        held_uses=promo.held_uses - 1,
        held_amount=promo.held_amount - order.sums.discount.amount,
    )


def _people(wish: Wish, before: Line | None) -> tuple[Admission, ...]:
    """Those the buyer names now; where nobody is named, those of before, as many as stay."""
    names: list[tuple[str | None, str | None]] = [(attendee.name, attendee.email) for attendee in wish.attendees]
    if before is not None and not names:
        names = [(admission.attendee_name, admission.attendee_email) for admission in before.admissions]
    named = (names + [(None, None)] * wish.quantity)[: wish.quantity]
    return tuple(
        Admission(ordinal, name, email, live=True, admitted_at=None)
        for ordinal, (name, email) in enumerate(named, start=1)
    )
