"""What a picture says about when and where."""

from datetime import UTC, datetime
from typing import Any

import pytest

from common.ids import EventId, OrganizationId
from common.testing import principals
from dp.domain.gathering import Gathering, dates, event_words, place


def gathering(**changes: Any) -> Gathering:
    values: dict[str, Any] = {
        "id": principals.fresh(EventId),
        "organization_id": principals.fresh(OrganizationId),
        "workspace_id": None,
        "name": "Lagos Design Week",
        "slug": "lagos-design-week",
        "status": "published",
        "starts_at": datetime(2027, 3, 13, 9, tzinfo=UTC),
        "ends_at": datetime(2027, 3, 13, 17, tzinfo=UTC),
        "timezone": "Africa/Lagos",
        "venue_name": "Landmark Centre",
        "city": "Lagos",
    }
    return Gathering(**(values | changes))


def test_a_day_is_told_with_its_hour_in_the_events_own_time() -> None:
    assert dates(gathering()) == "Saturday 13 March 2027, 10:00"
    assert dates(gathering(timezone="Asia/Tokyo")) == "Saturday 13 March 2027, 18:00"
    assert dates(gathering(timezone="America/New_York")) == "Saturday 13 March 2027, 04:00"


def test_a_night_that_ends_before_morning_is_one_day() -> None:
    night = gathering(starts_at=datetime(2027, 3, 13, 21, tzinfo=UTC), ends_at=datetime(2027, 3, 14, 3, tzinfo=UTC))
    assert dates(night) == "Saturday 13 March 2027, 22:00"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (datetime(2027, 3, 15, 12, tzinfo=UTC), "13\u201315 March 2027"),
        (datetime(2027, 4, 2, 12, tzinfo=UTC), "13 March \u2013 2 April 2027"),
        (datetime(2028, 1, 2, 12, tzinfo=UTC), "13 March 2027 \u2013 2 January 2028"),
    ],
)
def test_several_days_are_told_as_a_span(end: datetime, expected: str) -> None:
    assert dates(gathering(ends_at=end)) == expected


def test_an_event_fills_its_fields() -> None:
    assert event_words(gathering(), "Olu & Sons") == {
        "event.name": "Lagos Design Week",
        "event.date": "Saturday 13 March 2027, 10:00",
        "event.place": "Landmark Centre, Lagos",
        "event.host": "Olu & Sons",
    }


def test_a_zone_nobody_knows_is_read_as_utc() -> None:
    assert dates(gathering(timezone="Mars/Olympus")) == "Saturday 13 March 2027, 09:00"


@pytest.mark.parametrize(
    ("venue", "city", "expected"),
    [
        ("Landmark Centre", "Lagos", "Landmark Centre, Lagos"),
        ("Lagos Town Hall", "lagos", "Lagos Town Hall"),
        ("Landmark Centre", None, "Landmark Centre"),
        (None, "Lagos", "Lagos"),
        (None, None, ""),
    ],
)
def test_the_place_names_its_city_once(venue: str | None, city: str | None, expected: str) -> None:
    assert place(gathering(venue_name=venue, city=city)) == expected
