"""A request finds exactly one row, or none."""

import pytest

from gateway.errors import MethodNotAllowed, NoSuchRoute
from gateway.routing import Public, Router, Row, shape

OPEN = Public("a test")
ROWS = (
    Row("GET", "/v1/releases", "releases", OPEN),
    Row("POST", "/v1/releases", "releases", OPEN),
    Row("GET", "/v1/releases/feed.atom", "releases", OPEN),
    Row("GET", "/v1/releases/{releaseId}", "releases", OPEN),
    Row("POST", "/v1/releases/{releaseId}/publish", "releases", OPEN),
    Row("POST", "/v1/cron/events.{job}", "events", OPEN),
    Row("POST", "/v1/cron/dp.{job}", "dp", OPEN),
)
ROUTER = Router(ROWS)


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/v1/releases", "/v1/releases"),
        ("HEAD", "/v1/releases", "/v1/releases"),
        ("GET", "/v1/releases/feed.atom", "/v1/releases/feed.atom"),
        ("GET", "/v1/releases/rel_1", "/v1/releases/{releaseId}"),
        ("POST", "/v1/releases/rel_1/publish", "/v1/releases/{releaseId}/publish"),
        ("POST", "/v1/releases/feed.atom/publish", "/v1/releases/{releaseId}/publish"),
        ("POST", "/v1/cron/events.expire", "/v1/cron/events.{job}"),
        ("POST", "/v1/cron/dp.sweep", "/v1/cron/dp.{job}"),
    ],
)
def test_what_is_written_out_wins_over_a_parameter(method: str, path: str, found: str) -> None:
    assert ROUTER.find(method, path).path == found


@pytest.mark.parametrize(
    "path",
    ["/", "", "/v1", "/v1/release", "/v1/releases/", "//v1/releases", "/v1//releases", "/v1/releases//publish", "/v1/cron/events.",
     "/v1/cron/wallet.x", "/V1/releases", "/v1/releases/a/b", "/internal/keys"],
)  # fmt: skip
def test_a_path_without_a_row_is_unknown(path: str) -> None:
    with pytest.raises(NoSuchRoute):
        ROUTER.find("GET", path)


def test_another_method_is_refused_with_the_methods_that_exist() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        ROUTER.find("DELETE", "/v1/releases")
    assert refused.value.details == {"method": "DELETE", "allow": "GET, HEAD, POST"}


def test_two_rows_for_the_same_route_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two rows for GET /v1/releases"):
        Router([*ROWS, ROWS[0]])


def test_templates_are_compared_without_their_parameters_names() -> None:
    assert shape("/v1/cron/events.{job}") == shape("/v1/cron/events.{name}") == "/v1/cron/events.{}"
