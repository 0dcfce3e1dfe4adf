"""What was sold, for an organisation's staff."""

from datetime import date
from typing import Self

from commerce.domain.sales import Figures, Item, Kind, Sales
from common.ids import AddOnId, EventId, TicketTierId
from common.money import Money
from common.schemas import MoneyView, View


class FiguresView(View):
    """Counts and amounts. `gross` is what buyers paid, `tax` what of it is tax, `discounts` what was taken off before.

    `platformFees` is what the platform keeps; `net` is gross less refunds and platform fees: what is left to the organiser,
    tax included. Orders are counted that were paid, also those refunded since.
    """

    orders: int
    tickets: int
    tickets_returned: int
    add_ons: int
    add_ons_returned: int
    gross: MoneyView
    discounts: MoneyView
    tax: MoneyView
    service_fees: MoneyView
    platform_fees: MoneyView
    refunds: MoneyView
    net: MoneyView

    @classmethod
    def of(cls, figures: Figures, currency: str, **more: object) -> Self:
        """From the domain's value."""

        def amount(minor_units: int) -> MoneyView:
            return MoneyView.of(Money(minor_units, currency))

        return cls(
            orders=figures.orders,
            tickets=figures.tickets,
            tickets_returned=figures.tickets_returned,
            add_ons=figures.add_ons,
            add_ons_returned=figures.add_ons_returned,
            gross=amount(figures.gross),
            discounts=amount(figures.discounts),
            tax=amount(figures.tax),
            service_fees=amount(figures.service_fees),
            platform_fees=amount(figures.platform_fees),
            refunds=amount(figures.refunds),
            net=amount(figures.net),
            **more,
        )


class SalesOfDay(FiguresView):
    """One day of the event's own time zone. A refund counts on its own day, not on that of the sale."""

    day: date


class SalesOfItem(FiguresView):
    """A kind of ticket, an add-on, or (`kind: order`) what belongs to orders as a whole: fees, and free amounts sent back.

    An order is counted with each tier and add-on it holds, so that only `orders` does not add up to the total.
    """

    kind: Kind
    id: TicketTierId | AddOnId | None
    name: str | None

    @classmethod
    def about(cls, item: Item, figures: Figures, sales: Sales) -> "SalesOfItem":
        """From the domain's values."""
        return cls.of(figures, sales.currency, kind=item.kind, id=item.id, name=sales.names.get(item))


class SalesSummary(View):
    """What was sold for an event: in all, and by day or by item as asked for."""

    event_id: EventId
    timezone: str
    total: FiguresView
    days: list[SalesOfDay] | None = None
    items: list[SalesOfItem] | None = None
