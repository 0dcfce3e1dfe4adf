"""What an order would be: what is chosen, what is taken off, what all of it comes to, and on what terms."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from commerce.domain.add_on import AddOn, AddOnChoice, choose_add_ons
from commerce.domain.basket import Basket, Choice, choose
from commerce.domain.order import CancellationTerms, Capture
from commerce.domain.pricing import Item, Priced, price
from commerce.domain.promo import Discount, PromoCode, UseOf, Wanted, best_discount, opens
from commerce.domain.sale import Event, TicketTier
from commerce.domain.sale_settings import PlatformFee, SaleSettings, TierSaleSettings, price_terms
from commerce.domain.stock import Left, Stock
from commerce.domain.vat_check import VatCheck
from commerce.errors import CurrenciesMixed, PriceChanged, TicketTierNotOnSale
from common.ids import AddOnId, TicketTierId
from common.money import Money

_USUAL: Final = TierSaleSettings()


@dataclass(frozen=True, slots=True)
class Offered:
    """Everything that decides about an order, as it is at one moment.

    `stock` is what each tier's own counts are, `left` what all counts together leave. `promo_codes` are the automatic ones and
    that of the typed code; `backer_tiers` are of the event's organisation. Whether the buyer owes the tax is known of those who
    named a number that was checked.
    """

    event: Event
    tiers: Mapping[TicketTierId, TicketTier]
    add_ons: Mapping[AddOnId, AddOn]
    stock: Mapping[TicketTierId, Stock]
    left: Left
    settings: SaleSettings
    tier_settings: Mapping[TicketTierId, TierSaleSettings]
    promo_codes: tuple[PromoCode, ...]
    backer_tiers: tuple[str, ...]
    buyer_owes_tax: bool = False

    def settings_of(self, tier: TicketTierId) -> TierSaleSettings:
        """How a tier is sold."""
        return self.tier_settings.get(tier, _USUAL)

    def hides(self, choice: Choice) -> bool:
        """Whether only a code opens it."""
        return self.settings_of(choice.tier.id).hidden_until_code

    def to(self, check: VatCheck | None) -> "Offered":
        """As it is for a buyer whose number was checked so. Whatever is not known to be good leaves the tax as it is."""
        owes = self.settings.reverse_charge and check is not None and check.outcome == "valid"
        return replace(self, buyer_owes_tax=owes)

    def without(self, promo: PromoCode | None) -> "Offered":
        """As it is once that discount is used up."""
        return replace(self, promo_codes=tuple(other for other in self.promo_codes if other is not promo))


@dataclass(frozen=True, slots=True)
class Quote:
    """An order that is not placed. `hold` is how long its places would be kept."""

    event: Event
    choices: tuple[Choice, ...]
    add_ons: tuple[AddOnChoice, ...]
    discount: Discount
    priced: Priced
    cancellation: CancellationTerms
    capture: Capture
    hold: timedelta

    @property
    def currency(self) -> str:
        """Of all of it."""
        return self.priced.total.currency

    @property
    def use(self) -> UseOf:
        """What an order as quoted has of its promo code from the beginning: what costs nothing is paid at once."""
        return "held" if self.priced.total or self.capture == "manual" else "used"


def quote(offered: Offered, basket: Basket, platform: PlatformFee, now: datetime) -> Quote:
    """What this basket comes to now.

    Raises what `choose`, `choose_add_ons` and `best_discount` raise, and TicketTierNotOnSale for a hidden tier without the
    code that opens it.
    """
    choices = choose(offered.event, offered.tiers, basket.wishes, now)
    add_ons = choose_add_ons(offered.event.id, offered.add_ons, basket.add_ons, basket.goods().tiers, now)
    key = next((promo for promo in offered.promo_codes if promo.code is not None), None)
    for choice in choices:
        if offered.hides(choice) and not opens(key, choice.tier.id):
            raise TicketTierNotOnSale(
                ticket_tier_id=choice.tier.id, ticket_tier_name=choice.tier.name, reason="code_needed"
            )
    if any(add_on.unit_price.currency != choices[0].unit_price.currency for add_on in add_ons):
        raise CurrenciesMixed(pointer="/addOns")
    return quote_choices(offered, choices, basket.promo_code, platform, now, add_ons)


def quote_choices(
    offered: Offered,
    choices: tuple[Choice, ...],
    promo_code: str | None,
    platform: PlatformFee,
    now: datetime,
    add_ons: tuple[AddOnChoice, ...] = (),
) -> Quote:
    """What these choices come to now, whoever allowed them. Discounts are for tickets. Raises what `best_discount` raises."""
    lines = [
        Wanted(choice.tier.id, choice.unit_price, choice.wish.quantity, offered.hides(choice)) for choice in choices
    ]
    discount = best_discount(promo_code, offered.promo_codes, lines, now)
    items = [
        Item(line.unit_price, line.quantity, off, offered.settings_of(line.tier).tax_rate)
        for line, off in zip(lines, discount.lines, strict=True)
    ]
    currency = choices[0].unit_price.currency
    extras = [Item(each.unit_price, each.quantity, Money.zero(currency), each.add_on.tax_rate) for each in add_ons]
    manual = any(offered.settings_of(line.tier).requires_approval for line in lines)
    terms = price_terms(
        offered.settings, currency, platform, offered.backer_tiers, buyer_owes_tax=offered.buyer_owes_tax
    )
    return Quote(
        event=offered.event,
        choices=choices,
        add_ons=add_ons,
        discount=discount,
        priced=price(currency, items, extras, terms),
        cancellation=offered.settings.cancellation(offered.event.starts_at),
        capture="manual" if manual else "automatic",
        hold=offered.settings.hold,
    )


def require_expected(quoted: Quote, basket: Basket) -> None:
    """Whoever says what they expect to pay is not asked for anything else."""
    total = quoted.priced.total
    if basket.expected_total not in (None, total):
        raise PriceChanged(total={"amount": total.amount, "currency": total.currency})
