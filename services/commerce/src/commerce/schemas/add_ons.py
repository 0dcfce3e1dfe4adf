"""Add-ons: what organisers set up, and what buyers see of it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, field_validator

from commerce.actions.manage_add_ons import NewAddOn
from commerce.domain.add_on import MOST_PIECES, AddOn, why_add_on_is_closed
from commerce.domain.sale import NotOnSale
from commerce.domain.stock import AddOnStock
from common.ids import AddOnId, EventId, TicketTierId
from common.schemas import Body, Moment, MoneyBody, MoneyView, Name, Prose, View

_MOST_TIERS = 200
_MOST_CAPACITY = 10**9


class AddOnBody(Body):
    """Something that is sold with tickets."""

    name: Name
    description: Prose | None = None
    price: MoneyBody
    capacity: int | None = Field(default=None, ge=0, le=_MOST_CAPACITY, strict=True)
    ticket_tier_ids: list[TicketTierId] = Field(default=[], max_length=_MOST_TIERS)
    max_per_ticket: int | None = Field(default=None, ge=1, le=MOST_PIECES, strict=True)
    max_per_order: int = Field(default=MOST_PIECES, ge=1, le=MOST_PIECES, strict=True)
    sales_start_at: Moment | None = None
    sales_end_at: Moment | None = None
    tax_rate: int = Field(default=0, ge=0, le=100_000, strict=True)

    def wanted(self) -> NewAddOn:
        """The value the action works with."""
        return NewAddOn(
            name=self.name,
            description=self.description,
            price=self.price.money(),
            capacity=self.capacity,
            ticket_tier_ids=tuple(dict.fromkeys(self.ticket_tier_ids)),
            max_per_ticket=self.max_per_ticket,
            max_per_order=self.max_per_order,
            sales_start_at=self.sales_start_at,
            sales_end_at=self.sales_end_at,
            tax_rate=self.tax_rate,
        )


class AddOnChanges(Body):
    """What is to change of an add-on; what is not named stays. Null is a value where there may be none, and elsewhere a 422."""

    name: Name | None = None
    description: Prose | None = None
    price: MoneyBody | None = None
    capacity: int | None = Field(default=None, ge=0, le=_MOST_CAPACITY, strict=True)
    ticket_tier_ids: list[TicketTierId] | None = Field(default=None, max_length=_MOST_TIERS)
    max_per_ticket: int | None = Field(default=None, ge=1, le=MOST_PIECES, strict=True)
    max_per_order: int | None = Field(default=None, ge=1, le=MOST_PIECES, strict=True)
    sales_start_at: Moment | None = None
    sales_end_at: Moment | None = None
    tax_rate: int | None = Field(default=None, ge=0, le=100_000, strict=True)
    retired: bool | None = Field(default=None, strict=True)

    @field_validator("name", "price", "ticket_tier_ids", "max_per_order", "tax_rate", "retired", mode="before")
    @classmethod
    def _never_nothing(cls, value: object) -> object:
        if value is None:
            raise ValueError("may be left out, but is never null")
        return value

    def changes(self) -> dict[str, Any]:
        """The fields that were named, as the domain holds them."""
        named: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if self.price is not None:
            named["price"] = self.price.money()
        if self.ticket_tier_ids is not None:
            named["ticket_tier_ids"] = tuple(dict.fromkeys(self.ticket_tier_ids))
        return named


class AddOnView(View):
    """An add-on as its organiser sees it: with its whole capacity, and what of it is held and sold where that was asked."""

    id: AddOnId
    version: int
    event_id: EventId
    name: str
    description: str | None
    price: MoneyView
    capacity: int | None
    ticket_tier_ids: list[TicketTierId]
    max_per_ticket: int | None
    max_per_order: int
    sales_start_at: datetime | None
    sales_end_at: datetime | None
    tax_rate: int
    retired: bool

    @classmethod
    def of(cls, add_on: AddOn) -> "AddOnView":
        """From the domain's value."""
        return cls(
            id=add_on.id,
            version=add_on.version,
            event_id=add_on.event_id,
            name=add_on.name,
            description=add_on.description,
            price=MoneyView.of(add_on.price),
            capacity=add_on.capacity,
            ticket_tier_ids=list(add_on.ticket_tier_ids),
            max_per_ticket=add_on.max_per_ticket,
            max_per_order=add_on.max_per_order,
            sales_start_at=add_on.sales_start_at,
            sales_end_at=add_on.sales_end_at,
            tax_rate=add_on.tax_rate,
            retired=add_on.retired,
        )


class OfferedAddOn(View):
    """An add-on as buyers see it: whether it can be ordered now, and what it goes with."""

    id: AddOnId
    name: str
    description: str | None
    price: MoneyView
    ticket_tier_ids: list[TicketTierId]
    max_per_ticket: int | None
    max_per_order: int
    sales_start_at: datetime | None
    sales_end_at: datetime | None
    tax_rate: int
    on_sale: bool
    reason: NotOnSale | Literal["sold_out"] | None

    @classmethod
    def of(cls, add_on: AddOn, stock: AddOnStock, event_closed: NotOnSale | None, now: datetime) -> "OfferedAddOn":
        """From the domain's values. What closes the event closes what is sold beside it."""
        sold_out: Literal["sold_out"] | None = "sold_out" if stock.left == 0 else None
        reason = event_closed or why_add_on_is_closed(add_on, now) or sold_out
        return cls(
            id=add_on.id,
            name=add_on.name,
            description=add_on.description,
            price=MoneyView.of(add_on.price),
            ticket_tier_ids=list(add_on.ticket_tier_ids),
            max_per_ticket=add_on.max_per_ticket,
            max_per_order=add_on.max_per_order,
            sales_start_at=add_on.sales_start_at,
            sales_end_at=add_on.sales_end_at,
            tax_rate=add_on.tax_rate,
            on_sale=reason is None,
            reason=reason,
        )


class AddOns(View):
    """What is sold beside an event's tickets."""

    items: list[OfferedAddOn]
