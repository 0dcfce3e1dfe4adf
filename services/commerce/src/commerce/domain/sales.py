"""What was sold for an event, and what is left of it for the organiser.

Counted are orders that were paid, or cost nothing; what goes back for them counts on the day on which it was decided, not
on the day of the sale. A day is one of the event's own time zone, so the day on which clocks change has 23 or 25 hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.ids import AddOnId, TicketTierId

Kind = Literal["ticket_tier", "add_on", "order"]
"""What a figure belongs to: a kind of ticket, an add-on, or the order as a whole (its fees, and amounts sent back freely)."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, and amounts in minor units of the event's currency.

    `gross` is what buyers paid, fees on top included, and `tax` is what of it is tax; `discounts` were taken off before.
    `platform_fees` is what the platform keeps of it, less what it gave back. `refunds` is all that went back or is about to.
    """

    orders: int = 0
    tickets: int = 0
    tickets_returned: int = 0
    add_ons: int = 0
    add_ons_returned: int = 0
    gross: int = 0
    discounts: int = 0
    tax: int = 0
    service_fees: int = 0
    platform_fees: int = 0
    refunds: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def __sub__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, field.name) - getattr(other, field.name) for field in fields(self)))

    @property
    def net(self) -> int:
        """What is left for the organiser, tax included: that is theirs to hand on."""
        return self.gross - self.refunds - self.platform_fees


@dataclass(frozen=True, slots=True)
class Item:
    """What figures are about: a kind of ticket, an add-on, or the order as a whole, which has no id."""

    kind: Kind
    id: TicketTierId | AddOnId | None = None


WHOLE_ORDER = Item("order")


@dataclass(frozen=True, slots=True)
class DayOfSales:
    """One day: all of it, and the parts of it that belong to tickets and add-ons."""

    day: date
    all: Figures
    items: Mapping[Item, Figures]


@dataclass(frozen=True, slots=True)
class Sales:
    """All days on which something was sold or sent back, oldest first, and the name each item was last sold under."""

    zone: ZoneInfo
    currency: str
    days: tuple[DayOfSales, ...]
    names: Mapping[Item, str]

    @property
    def total(self) -> Figures:
        """Everything."""
        return sum((day.all for day in self.days), Figures())

    def by_item(self) -> dict[Item, Figures]:
        """By tier, by add-on, and what belongs to none of them; together exactly the total, but that an order counts
        with each tier and add-on it holds."""
        found: dict[Item, Figures] = {}
        for day in self.days:
            for item, figures in day.items.items():
                found[item] = found.get(item, Figures()) + figures
        of_items = sum(found.values(), Figures())
        rest = replace(self.total - of_items, orders=0)
        tickets_first = sorted(found, key=lambda item: (item.kind != "ticket_tier", item.id))
        return {**{item: found[item] for item in tickets_first}, WHOLE_ORDER: rest}


def midnights(first: datetime, last: datetime, zone: ZoneInfo) -> list[datetime]:
    """When each day from that of `first` to that of `last` begins, and when the one after it does, in UTC."""
    day, end = first.astimezone(zone).date(), last.astimezone(zone).date() + timedelta(days=1)
    found = []
    while day <= end:
        found.append(datetime.combine(day, time.min, zone).astimezone(UTC))
        day += timedelta(days=1)
    return found


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that name; UTC where this machine has never heard of it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
