"""Routes on their way out: dates as the RFCs write them, and the day itself."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.deprecation import check_sunset, headers_of
from gateway.errors import RouteRetired
from gateway.routes import EVENTS, PUBLIC
from gateway.routing import Cache, Deprecated, Row

SINCE = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
SUNSET = datetime(2026, 12, 1, 1, 0, tzinfo=timezone(timedelta(hours=1)))


def test_the_dates_are_a_structured_date_and_an_http_date_in_gmt() -> None:
    deprecated = Deprecated(SINCE, SUNSET, "/v1/events", "https://lanyard.dev/changes")
    assert headers_of(deprecated) == (
        (b"deprecation", b"@1782863999"),
        (b"sunset", b"Tue, 01 Dec 2026 00:00:00 GMT"),
        (b"link", b'</v1/events>; rel="successor-version"'),
        (b"link", b'<https://lanyard.dev/changes>; rel="deprecation"; type="text/html"'),
    )
    assert headers_of(Deprecated(SINCE)) == ((b"deprecation", b"@1782863999"),)


def test_a_route_is_refused_from_its_sunset_on_and_the_refusal_names_its_successor() -> None:
    deprecated = Deprecated(SINCE, SUNSET, "/v1/events")
    check_sunset(deprecated, SUNSET - timedelta(microseconds=1))
    with pytest.raises(RouteRetired) as refused:
        check_sunset(deprecated, SUNSET)
    assert str(refused.value) == "This address is no longer served. Use /v1/events."
    assert refused.value.details["successor"] == "/v1/events"
    with pytest.raises(RouteRetired, match="Nothing takes its place"):
        check_sunset(Deprecated(SINCE, SUNSET), SUNSET)
    check_sunset(Deprecated(SINCE), SUNSET)


def test_dates_without_a_zone_or_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Deprecated(datetime(2026, 6, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="not before"):
        Deprecated(SUNSET, SINCE)


def test_only_public_reads_may_be_cached() -> None:
    with pytest.raises(ValueError, match="only public reads"):
        Row("POST", "/v1/events", EVENTS, PUBLIC("everyone"), cache=Cache(1))
