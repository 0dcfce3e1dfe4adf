"""Bodies and answers about ticket tiers."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from common.db import Transaction
from common.ids import EventId, TicketTierId
from common.schemas import Body, Moment, MoneyBody, MoneyView, Name, View
from events.domain.event import Event
from events.domain.ticket_tier import TicketTier, price_in
from events.schemas.changes import refuse_null
from events.store.ticket_tiers import OfferedTier

Capacity = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
PerOrder = Annotated[int, Field(ge=1, le=100, strict=True)]


class NewTicketTier(Body):
    """A tier to be added. A price of 0 is free."""

    name: Name
    price: MoneyBody
    capacity: Capacity
    sales_start_at: Moment | None = None
    sales_end_at: Moment | None = None
    min_per_order: PerOrder = 1
    max_per_order: PerOrder = 10

    def tier(self, tx: Transaction, event_id: EventId) -> TicketTier:
        """The tier as it will stand."""
        return TicketTier(
            id=tx.new_id(TicketTierId),
            version=1,
            event_id=event_id,
            name=self.name,
            price=self.price.money(),
            capacity=self.capacity,
            sales_start_at=self.sales_start_at,
            sales_end_at=self.sales_end_at,
            min_per_order=self.min_per_order,
            max_per_order=self.max_per_order,
            retired=False,
        )


class TicketTierChanges(Body):
    """What to change of a tier; what is left out stays. A retired tier is no longer sold."""

    name: Name | None = None
    price: MoneyBody | None = None
    capacity: Capacity | None = None
    sales_start_at: Moment | None = None
    sales_end_at: Moment | None = None
    min_per_order: PerOrder | None = None
    max_per_order: PerOrder | None = None
    retired: bool | None = Field(default=None, strict=True)

    @model_validator(mode="after")
    def _some_are_always_known(self) -> Self:
        refuse_null(self, "name", "price", "capacity", "min_per_order", "max_per_order", "retired")
        return self

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, as the domain's values."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        if self.price is not None:
            sent["price"] = self.price.money()
        return sent


class TicketTierView(View):
    """A tier as it stands. `availability` is commerce's word; null while it said nothing."""

    id: TicketTierId
    event_id: EventId
    name: str
    price: MoneyView
    capacity: int
    sales_start_at: datetime | None
    sales_end_at: datetime | None
    min_per_order: int
    max_per_order: int
    retired: bool
    availability: Literal["available", "few", "sold_out"] | None
    version: int

    @classmethod
    def of(cls, offered: OfferedTier, event: Event) -> "TicketTierView":
        """From the domain's value. A free tier is free in its event's currency, once that is known."""
        tier = offered.tier
        told = price_in(event.currency, tier.price)
        price = tier.price if told is None else told
        values = {name: getattr(tier, name) for name in cls.model_fields if name not in ("price", "availability")}
        return cls(price=MoneyView.of(price), availability=offered.availability, **values)


class TicketTierList(View):
    """What an event sells, in the order the tiers were made."""

    items: list[TicketTierView]
