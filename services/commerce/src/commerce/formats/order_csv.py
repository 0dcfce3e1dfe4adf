"""Orders as the lines of a spreadsheet: one for each order, or one for each admission of it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from commerce.domain.order import Order
from commerce.domain.pricing import admission_shares
from commerce.formats.csv_lines import Cell

Rows = Literal["admissions", "orders"]

_ORDER: Final = ("Order", "Status", "Placed", "Paid", "Buyer name", "Buyer mail", "Promo code", "Sold by")
HEADINGS: Final[Mapping[Rows, tuple[str, ...]]] = {
    "admissions": (
        *_ORDER,
        "Line",
        "Ticket",
        "Number",
        "Attendee name",
        "Attendee mail",
        "Valid",
        "Admitted",
        "Currency",
        "Price",
    ),
    "orders": (
        *(*_ORDER, "Tickets", "Tickets returned", "Add-ons", "Currency", "Discount", "Tax", "Service fee"),
        *("Platform fee", "Total", "Refunded"),
    ),
}
"""The price of a ticket is what the buyer paid for it, tax included; fees and add-ons belong to the order."""


def lines_of(order: Order, rows: Rows, zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    """The order's lines, in the order of `HEADINGS`. Moments are told with their offset in `zone`."""
    common: tuple[Cell, ...] = (
        str(order.id),
        "disputed" if order.disputed else order.status,
        _moment(order.placed_at, zone),
        _moment(order.paid_at, zone),
        order.buyer_name,
        order.buyer_email,
        order.promo_code,
        order.origin,
    )
    yield from _admissions(order, common, zone) if rows == "admissions" else [_whole(order, common)]


def _admissions(order: Order, common: tuple[Cell, ...], zone: ZoneInfo) -> Iterator[tuple[Cell, ...]]:
    for line in order.lines:
        for admission, price in zip(line.admissions, admission_shares(line), strict=True):
            valid = admission.live and order.holding == "sold"
            yield (
                *(*common, str(line.id), line.ticket_tier_name, admission.ordinal),
                *(admission.attendee_name, admission.attendee_email, "yes" if valid else "no"),
                *(_moment(admission.admitted_at, zone), price.currency, price),
            )


def _whole(order: Order, common: tuple[Cell, ...]) -> tuple[Cell, ...]:
    tickets = [admission for line in order.lines for admission in line.admissions]
    returned = sum(not admission.live for admission in tickets)
    add_ons = "; ".join(f"{line.quantity} × {line.add_on_name}" for line in order.add_ons)
    sums = order.sums
    return (
        *(*common, len(tickets), returned, add_ons, order.total.currency, sums.discount, sums.tax),
        *(sums.service_fee, sums.platform_fee, order.total, order.refunded),
    )


def _moment(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")
