"""What was sold for an event, summed up by day and item. A few statements, whatever the number of orders."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row, TextClause, text

from commerce.domain.sales import DayOfSales, Figures, Item, Sales, midnights
from common.db import Transaction
from common.ids import AddOnId, EventId, TicketTierId

# The days are told to the database as a list of midnights, so that one set of rules for time zones decides: Python's.
_WHEN: Final = text(
    """
    SELECT min(moment) AS first, max(moment) AS last, max(currency) AS currency
    FROM (
        SELECT paid_at AS moment, currency FROM orders WHERE event_id = :event AND paid_at IS NOT NULL
        UNION ALL
        SELECT refunds.created_at, refunds.currency FROM refunds JOIN orders ON orders.id = refunds.order_id
        WHERE orders.event_id = :event AND refunds.source = 'organiser_payable'
    ) AS moments
    """
)
_ORDERS: Final = text(
    """
    SELECT width_bucket(paid_at, CAST(:midnights AS timestamptz[])) AS day, count(*) AS orders, sum(total) AS gross,
        sum(discount) AS discounts, sum(tax) AS tax, sum(service_fee) AS service_fees,
        sum(platform_fee) AS platform_fees
    FROM orders WHERE event_id = :event AND paid_at IS NOT NULL
    GROUP BY day
    """
)
_TICKETS: Final = text(
    """
    WITH sold AS (
        SELECT width_bucket(orders.paid_at, CAST(:midnights AS timestamptz[])) AS day, line.*
        FROM orders JOIN order_lines AS line ON line.order_id = orders.id
        WHERE orders.event_id = :event AND orders.paid_at IS NOT NULL
    ), counted AS (
        SELECT line_id, count(*) AS tickets FROM sold JOIN admissions ON line_id = sold.id GROUP BY line_id
    )
    SELECT day, ticket_tier_id AS thing, max(ticket_tier_name) AS name, count(*) AS orders, sum(tickets) AS tickets,
        sum(gross) AS gross, sum(discount) AS discounts, sum(tax) AS tax
    FROM sold JOIN counted ON counted.line_id = sold.id
    GROUP BY day, ticket_tier_id
    """
)
_ADD_ONS: Final = text(
    """
    SELECT width_bucket(orders.paid_at, CAST(:midnights AS timestamptz[])) AS day, line.add_on_id AS thing,
        max(line.add_on_name) AS name, count(*) AS orders, sum(line.quantity) AS add_ons, sum(line.gross) AS gross,
        sum(line.discount) AS discounts, sum(line.tax) AS tax
    FROM orders JOIN order_add_ons AS line ON line.order_id = orders.id
    WHERE orders.event_id = :event AND orders.paid_at IS NOT NULL
    GROUP BY day, line.add_on_id
    """
)
_REFUNDS: Final = text(
    """
    SELECT width_bucket(refunds.created_at, CAST(:midnights AS timestamptz[])) AS day, sum(refunds.amount) AS refunds,
        -sum(refunds.fee_returned) AS platform_fees
    FROM refunds JOIN orders ON orders.id = refunds.order_id
    WHERE orders.event_id = :event AND refunds.source = 'organiser_payable'
    GROUP BY day
    """
)
# Each ticket and each piece of an add-on cost its share of the line, earlier ones a minor unit more where that is not
# whole, as domain/pricing.py says. A refund of less than the shares it takes back gives each item less in proportion; one
# of more leaves the rest with the order as a whole, and so does what is lost by rounding down here.
_REFUNDED_ITEMS: Final = text(
    """
    WITH back AS (
        SELECT refunds.id, refunds.amount, refunds.created_at, width_bucket(refunds.created_at, CAST(:midnights AS timestamptz[])) AS day
        FROM refunds JOIN orders ON orders.id = refunds.order_id
        WHERE orders.event_id = :event AND refunds.source = 'organiser_payable'
    ), lines AS (
        SELECT line_id AS id, count(*) AS tickets FROM admissions
        WHERE line_id IN (SELECT line_id FROM refunded_admissions JOIN back ON back.id = refund_id) GROUP BY line_id
    ), pieces AS (
        SELECT gone.refund_id, gone.line_id, gone.quantity,
            sum(gone.quantity) OVER (PARTITION BY gone.line_id ORDER BY back.created_at, back.id) AS until
        FROM refunded_add_ons AS gone JOIN back ON back.id = gone.refund_id
    ), shares AS (
        SELECT back.id, back.amount, back.day, true AS is_ticket, line.ticket_tier_id AS thing, count(*) AS returned,
            sum(line.gross / lines.tickets + CASE WHEN gone.ordinal <= line.gross % lines.tickets THEN 1 ELSE 0 END) AS share
        FROM back JOIN refunded_admissions AS gone ON gone.refund_id = back.id
            JOIN lines ON lines.id = gone.line_id JOIN order_lines AS line ON line.id = gone.line_id
        GROUP BY back.id, back.amount, back.day, line.ticket_tier_id
        UNION ALL
        SELECT back.id, back.amount, back.day, false, line.add_on_id, pieces.quantity,
            line.gross / line.quantity * pieces.quantity + least(line.gross % line.quantity, pieces.until)
                - least(line.gross % line.quantity, pieces.until - pieces.quantity)
        FROM back JOIN pieces ON pieces.refund_id = back.id JOIN order_add_ons AS line ON line.id = pieces.line_id
    ), parts AS (
        SELECT day, is_ticket, thing, returned,
            least(share, coalesce(floor(amount * share / nullif(sum(share) OVER (PARTITION BY id), 0)), 0)) AS part
        FROM shares
    )
    SELECT day, is_ticket, thing, sum(returned) AS returned, sum(part) AS refunds
    FROM parts GROUP BY day, is_ticket, thing
    """
)


async def sum_up_sales(tx: Transaction, event_id: EventId, zone: ZoneInfo) -> Sales | None:
    """What was sold, or None when nothing was. The statements see one moment only in a transaction that does."""
    when = (await tx.execute(_WHEN, {"event": event_id.uuid})).one()
    if when.first is None:
        return None
    starts = midnights(when.first, when.last, zone)
    found = _Found(starts, zone)

    async def each(statement: TextClause) -> Iterable[Row[Any]]:
        return (await tx.execute(statement, {"event": event_id.uuid, "midnights": starts})).all()

    for row in await each(_ORDERS):
        found.add_to_day(row, "orders", "gross", "discounts", "tax", "service_fees", "platform_fees")
    for row in await each(_TICKETS):
        found.add(row, _tier(row), "orders", "tickets", "gross", "discounts", "tax")
    for row in await each(_ADD_ONS):
        found.add(row, _add_on(row), "orders", "add_ons", "gross", "discounts", "tax")
    for row in await each(_REFUNDS):
        found.add_to_day(row, "refunds", "platform_fees")
    for row in await each(_REFUNDED_ITEMS):
        found.take_back(row)
    return found.sales(when.currency)


class _Found:
    """Rows of several statements, brought together by day and item."""

    def __init__(self, starts: list[datetime], zone: ZoneInfo) -> None:
        self._zone = zone
        self._dates = [start.astimezone(zone).date() for start in starts]
        self._days: dict[int, Figures] = {}
        self._items: dict[int, dict[Item, Figures]] = {}
        self._names: dict[Item, tuple[int, str]] = {}

    def add_to_day(self, row: Row[Any], *names: str) -> None:
        self._days[row.day] = self._days.get(row.day, Figures()) + _figures(row, names)

    def add(self, row: Row[Any], item: Item, *names: str) -> None:
        self._names[item] = max((row.day, row.name), self._names.get(item, (0, "")))
        figures = _figures(row, names)
        self._add(row.day, item, figures)
        self._days[row.day] += Figures(tickets=figures.tickets, add_ons=figures.add_ons)

    def take_back(self, row: Row[Any]) -> None:
        returned = int(row.returned)
        gone = Figures(tickets_returned=returned) if row.is_ticket else Figures(add_ons_returned=returned)
        self._add(row.day, _tier(row) if row.is_ticket else _add_on(row), gone + Figures(refunds=int(row.refunds)))
        self._days[row.day] += gone

    def sales(self, currency: str) -> Sales:
        days = (
            DayOfSales(self._dates[day - 1], self._days[day], self._items.get(day, {})) for day in sorted(self._days)
        )
        return Sales(self._zone, currency, tuple(days), {item: name for item, (_, name) in self._names.items()})

    def _add(self, day: int, item: Item, figures: Figures) -> None:
        items = self._items.setdefault(day, {})
        items[item] = items.get(item, Figures()) + figures


def _figures(row: Row[Any], names: Iterable[str]) -> Figures:
    # Sums of bigint come as decimals, always whole.
    return Figures(**{name: int(getattr(row, name)) for name in names})


def _tier(row: Row[Any]) -> Item:
    return Item("ticket_tier", TicketTierId.from_uuid(row.thing))


def _add_on(row: Row[Any]) -> Item:
    return Item("add_on", AddOnId.from_uuid(row.thing))
