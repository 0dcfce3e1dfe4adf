"""Days of an event's own time zone, and sums that lose nothing however they are broken down."""

import itertools
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from commerce.domain.sales import WHOLE_ORDER, DayOfSales, Figures, Item, Sales, midnights, zone_named
from common.ids import AddOnId, TicketTierId

TIER = Item("ticket_tier", TicketTierId("tier_01jd0000000000000000000000"))
ADD_ON = Item("add_on", AddOnId("addon_01jd0000000000000000000000"))


@pytest.mark.parametrize(
    ("zone", "first", "last", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 3, tzinfo=UTC), datetime(2026, 3, 29, 20, tzinfo=UTC), [23]),
        ("Europe/Berlin", datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 26, 1, tzinfo=UTC), [25, 24]),
        ("Africa/Lagos", datetime(2026, 3, 28, 22, 59, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC), [24, 24]),
        # Here clocks jump over midnight itself.
        ("Africa/Cairo", datetime(2026, 4, 23, 12, tzinfo=UTC), datetime(2026, 4, 24, 12, tzinfo=UTC), [24, 23]),
    ],
)
def test_days_are_as_long_as_they_are_where_the_event_is(
    zone: str, first: datetime, last: datetime, hours: list[int]
) -> None:
    starts = midnights(first, last, ZoneInfo(zone))
    found = [(after - before).total_seconds() / 3600 for before, after in itertools.pairwise(starts)]
    assert found == hours
    assert starts[0] <= first < last < starts[-1]


def test_an_unknown_zone_is_utc() -> None:
    assert [zone_named(name).key for name in ("Mars/Base", "../etc", "")] == ["UTC"] * 3


def test_items_and_what_belongs_to_none_of_them_are_the_total() -> None:
    days = (
        DayOfSales(
            date(2026, 5, 1),
            Figures(orders=2, tickets=3, add_ons=1, gross=1000, tax=90, service_fees=10, platform_fees=30),
            {
                TIER: Figures(orders=2, tickets=3, gross=800, tax=80),
                ADD_ON: Figures(orders=1, add_ons=1, gross=190, tax=8),
            },
        ),
        DayOfSales(
            date(2026, 5, 3),
            Figures(tickets_returned=1, platform_fees=-5, refunds=270),
            {TIER: Figures(tickets_returned=1, refunds=266)},
        ),
    )
    sales = Sales(ZoneInfo("UTC"), "EUR", days, {})
    assert sales.total == Figures(
        orders=2,
        tickets=3,
        tickets_returned=1,
        add_ons=1,
        gross=1000,
        tax=90,
        service_fees=10,
        platform_fees=25,
        refunds=270,
    )
    assert sales.total.net == 1000 - 270 - 25
    assert sales.by_item() == {
        TIER: Figures(orders=2, tickets=3, tickets_returned=1, gross=800, tax=80, refunds=266),
        ADD_ON: Figures(orders=1, add_ons=1, gross=190, tax=8),
        WHOLE_ORDER: Figures(gross=10, tax=2, service_fees=10, platform_fees=25, refunds=4),
    }
