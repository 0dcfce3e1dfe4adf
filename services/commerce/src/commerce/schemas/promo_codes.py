"""Promo codes and automatic discounts, as organisers make and see them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from commerce.domain.pricing import WHOLE
from commerce.domain.promo import Kind, PromoCode
from commerce.errors import OtherCurrency, PromoKindUnclear
from common.ids import EventId, PromoCodeId, TicketTierId
from common.schemas import Body, Moment, MoneyBody, MoneyView, Name, View

MOST_USES = 10**9
MOST_TICKETS = 100
MOST_TIERS = 100

Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$"),
    Field(description="letters, digits, `-` and `_`, in either case", examples=["EARLYBIRD"]),
]


class NewPromoCode(Body):
    """What shall take something off. Without a `code` it applies by itself. `maxUses` counts orders, whatever the number of
    their tickets; `rate` of a percent kind is in thousandths of a percent; no `ticketTierIds` are all of them."""

    name: Name
    code: Code | None = None
    kind: Kind
    rate: int | None = Field(default=None, ge=0, le=WHOLE, strict=True)
    amount: MoneyBody | None = None
    max_uses: int | None = Field(default=None, ge=0, le=MOST_USES, strict=True)
    budget: MoneyBody | None = None
    ticket_tier_ids: list[TicketTierId] = Field(default=[], max_length=MOST_TIERS)
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    min_tickets: int = Field(default=1, ge=1, le=MOST_TICKETS, strict=True)
    disabled: bool = Field(default=False, strict=True)

    def promo(self, promo_code_id: PromoCodeId, event_id: EventId) -> PromoCode:
        """The value the domain works with. Raises PromoKindUnclear or OtherCurrency."""
        if (self.kind == "percent") != (self.rate is not None):
            raise PromoKindUnclear(pointer="/rate")
        amount, budget = self.amount, self.budget
        if amount is not None and budget is not None and budget.currency != amount.currency:
            raise OtherCurrency(currency=amount.currency, pointer="/budget/currency")
        money = amount or budget
        return PromoCode(
            id=promo_code_id,
            version=1,
            event_id=event_id,
            code=self.code,
            name=self.name,
            kind=self.kind,
            rate=self.rate or 0,
            amount=0 if amount is None else amount.amount,
            currency=None if money is None else money.currency,
            max_uses=self.max_uses,
            budget=None if budget is None else budget.amount,
            ticket_tier_ids=tuple(dict.fromkeys(self.ticket_tier_ids)),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            min_tickets=self.min_tickets,
            disabled=self.disabled,
        )


class PromoCodeChanges(Body):
    """What to change; what is left out stays. The code itself and what it takes off stay for ever: people have seen it."""

    name: Name | None = None
    max_uses: int | None = Field(default=None, ge=0, le=MOST_USES, strict=True)
    budget: MoneyBody | None = None
    ticket_tier_ids: list[TicketTierId] | None = Field(default=None, max_length=MOST_TIERS)
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    min_tickets: int | None = Field(default=None, ge=1, le=MOST_TICKETS, strict=True)
    disabled: bool | None = Field(default=None, strict=True)

    def changes(self) -> dict[str, Any]:
        """By the names of the domain. Limits and times may be taken away by null; what must have a value stays then."""
        named = {name: getattr(self, name) for name in self.model_fields_set}
        kept = {name: value for name, value in named.items() if value is not None or name in _MAY_BE_NOTHING}
        if self.budget is not None:
            kept |= {"budget": self.budget.amount, "currency": self.budget.currency}
        if self.ticket_tier_ids is not None:
            kept["ticket_tier_ids"] = tuple(dict.fromkeys(self.ticket_tier_ids))
        return kept


_MAY_BE_NOTHING = ("max_uses", "budget", "valid_from", "valid_until")


class PromoCodeView(View):
    """A promo code or automatic discount. Held are uses of orders that wait for their payment; used, of paid ones."""

    id: PromoCodeId
    event_id: EventId
    version: int
    name: str
    code: str | None
    kind: Kind
    rate: int | None
    amount: MoneyView | None
    max_uses: int | None
    held_uses: int
    used_uses: int
    budget: MoneyView | None
    held_amount: int
    used_amount: int
    ticket_tier_ids: list[TicketTierId]
    valid_from: datetime | None
    valid_until: datetime | None
    min_tickets: int
    disabled: bool

    @classmethod
    def of(cls, promo: PromoCode) -> "PromoCodeView":
        """From the domain's value."""
        return cls(
            id=promo.id,
            event_id=promo.event_id,
            version=promo.version,
            name=promo.name,
            code=promo.code,
            kind=promo.kind,
            rate=promo.rate if promo.kind == "percent" else None,
            amount=_money(promo.amount or None, promo.currency),
            max_uses=promo.max_uses,
            held_uses=promo.held_uses,
            used_uses=promo.used_uses,
            budget=_money(promo.budget, promo.currency),
            held_amount=promo.held_amount,
            used_amount=promo.used_amount,
            ticket_tier_ids=list(promo.ticket_tier_ids),
            valid_from=promo.valid_from,
            valid_until=promo.valid_until,
            min_tickets=promo.min_tickets,
            disabled=promo.disabled,
        )


def _money(amount: int | None, currency: str | None) -> MoneyView | None:
    return None if amount is None or currency is None else MoneyView(amount=amount, currency=currency)
