"""What an order would come to."""

from typing import Literal

from commerce.domain.promo import PromoCode
from commerce.domain.quote import Quote
from commerce.domain.vat_check import Outcome, VatCheck
from commerce.schemas.lines import CancellationView, SumsView, charge_views
from common.ids import AddOnId, EventId, TicketTierId
from common.schemas import MoneyView, View


class QuotedLine(View):
    """So many tickets of one tier at today's price, read as a line of an order is."""

    ticket_tier_id: TicketTierId
    ticket_tier_name: str
    quantity: int
    unit_price: MoneyView
    discount: MoneyView
    tax_rate: int
    tax: MoneyView
    total: MoneyView


class QuotedAddOn(View):
    """So many of one add-on at today's price."""

    add_on_id: AddOnId
    add_on_name: str
    quantity: int
    unit_price: MoneyView
    discount: MoneyView
    tax_rate: int
    tax: MoneyView
    total: MoneyView


class DiscountView(View):
    """What is taken off, and why: because of the code that was typed, or by itself. A typed code that is not the better one
    is not used up."""

    why: Literal["promo_code", "automatic"]
    name: str
    amount: MoneyView


class QuoteView(View):
    """What an order would come to now, and on what terms. `expectedTotal` of an order may be this `total`.

    `vatCheck` is what became of the buyer's VAT number: good, or nobody could say; null where it made no difference.
    """

    event_id: EventId
    total: MoneyView
    sums: SumsView
    discount: DiscountView | None
    cancellation: CancellationView | None
    needs_approval: bool
    hold_minutes: int
    lines: list[QuotedLine]
    add_ons: list[QuotedAddOn]
    vat_check: Outcome | None

    @classmethod
    def of(cls, quote: Quote, check: VatCheck | None) -> "QuoteView":
        """From the domain's values."""
        priced = quote.priced
        return cls(
            event_id=quote.event.id,
            total=MoneyView.of(priced.total),
            sums=SumsView.of(priced.sums),
            discount=_discount(quote.discount.promo, MoneyView.of(priced.sums.discount)),
            cancellation=CancellationView.of(quote.cancellation),
            needs_approval=quote.capture == "manual",
            hold_minutes=int(quote.hold.total_seconds()) // 60,
            vat_check=None if check is None else check.outcome,
            lines=[
                QuotedLine(
                    ticket_tier_id=choice.tier.id,
                    ticket_tier_name=choice.tier.name,
                    quantity=choice.wish.quantity,
                    unit_price=MoneyView.of(choice.unit_price),
                    **charge_views(charge),
                )
                for choice, charge in zip(quote.choices, priced.tickets, strict=True)
            ],
            add_ons=[
                QuotedAddOn(
                    add_on_id=choice.add_on.id,
                    add_on_name=choice.add_on.name,
                    quantity=choice.quantity,
                    unit_price=MoneyView.of(choice.unit_price),
                    **charge_views(charge),
                )
                for choice, charge in zip(quote.add_ons, priced.add_ons, strict=True)
            ],
        )


def _discount(promo: PromoCode | None, amount: MoneyView) -> DiscountView | None:
    if promo is None:
        return None
    return DiscountView(why="automatic" if promo.code is None else "promo_code", name=promo.name, amount=amount)
