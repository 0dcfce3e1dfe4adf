"""When something is on sale, to the instant."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commerce.domain.basket import Attendee, Wish, choose
from commerce.domain.sale import Event, TicketTier, why_event_is_closed, why_tier_is_closed
from commerce.errors import QuantityOutsideLimits
from common.ids import EventId, OrganizationId, TicketTierId
from common.money import Money
from common.testing.clock import SeededEntropy

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DRAW = SeededEntropy()


def event(**changes: Any) -> Event:
    values: dict[str, Any] = {
        "id": EventId.new(NOW, DRAW),
        "organization_id": OrganizationId.new(NOW, DRAW),
        "workspace_id": None,
        "name": "Lagos Jazz Night",
        "status": "published",
        "starts_at": NOW,
        "ends_at": NOW + timedelta(hours=4),
        "timezone": "Africa/Lagos",
        "venue_name": None,
        "currency": "NGN",
    }
    return Event(**{**values, **changes})


def tier(**changes: Any) -> TicketTier:
    values: dict[str, Any] = {
        "id": TicketTierId.new(NOW, DRAW),
        "event_id": EventId.new(NOW, DRAW),
        "name": "Regular",
        "price": Money(150_000, "NGN"),
        "sales_start_at": None,
        "sales_end_at": None,
        "min_per_order": 1,
        "max_per_order": 10,
        "retired": False,
    }
    return TicketTier(**{**values, **changes})


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ({"sales_start_at": NOW + TICK}, "not_started"),
        ({"sales_start_at": NOW}, None),
        ({"sales_end_at": NOW + TICK}, None),
        ({"sales_end_at": NOW}, "ended"),
        ({"sales_start_at": NOW, "sales_end_at": NOW + TICK}, None),
        ({"sales_start_at": NOW, "sales_end_at": NOW}, "ended"),
        ({"retired": True, "sales_start_at": NOW + TICK}, "retired"),
    ],
)
def test_a_window_holds_its_first_instant_and_not_its_last(window: dict[str, Any], why: str | None) -> None:
    assert why_tier_is_closed(tier(**window), NOW) == why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ends_at": NOW + TICK}, None),
        ({"ends_at": NOW}, "event_over"),
        ({"ends_at": NOW, "status": "cancelled"}, "event_cancelled"),
        ({"ends_at": NOW, "status": "draft"}, "event_over"),
    ],
)
def test_an_event_sells_until_the_instant_it_ends(changes: dict[str, Any], why: str | None) -> None:
    assert why_event_is_closed(event(**changes), NOW) == why


@pytest.mark.parametrize(("quantity", "allowed"), [(1, False), (2, True), (4, True), (5, False)])
def test_the_least_and_the_most_are_both_allowed(quantity: int, allowed: bool) -> None:
    here = event()
    sold = tier(event_id=here.id, min_per_order=2, max_per_order=4)
    wishes = [Wish(sold.id, quantity, (Attendee("Ada", None),))]
    if not allowed:
        with pytest.raises(QuantityOutsideLimits):
            choose(here, {sold.id: sold}, wishes, NOW)
        return
    [choice] = choose(here, {sold.id: sold}, wishes, NOW)
    assert (choice.unit_price, choice.wish.quantity) == (Money(150_000, "NGN"), quantity)
