"""The table and the services agree: nothing is reachable that the table does not list, and no row leads nowhere."""

import json
from pathlib import Path

import pytest

from gateway.routes import ROWS, SERVICES
from gateway.routing import Public, Router, SignedIn, shape

TREE = Path(__file__).resolve().parents[3]
NEVER_LISTED = ("/internal/", "/healthz", "/readyz", "/metrics")


def served_by(service: str) -> set[tuple[str, str]]:
    document = json.loads((TREE / "services" / service / "openapi.json").read_text())
    return {
        (method.upper(), shape(path))
        for path, item in document["paths"].items()
        if not path.startswith(NEVER_LISTED)
        for method in item
    }


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_lists_exactly_what_a_service_serves(service: str) -> None:
    listed = {(row.method, shape(row.path)) for row in ROWS if row.service == service}
    served = served_by(service)
    assert {"unlisted": served - listed, "dead": listed - served} == {"unlisted": set(), "dead": set()}


def test_nothing_internal_is_listed() -> None:
    assert [row.path for row in ROWS if not row.path.startswith(("/v1/", "/o/", "/sandbox/"))] == []


def test_no_two_rows_have_the_same_shape() -> None:
    shapes = [(row.method, shape(row.path)) for row in Router(ROWS).rows]
    assert len(shapes) == len(set(shapes))


def test_whoever_needs_no_capability_has_a_reason() -> None:
    without = [row.path for row in ROWS if isinstance(row.who, SignedIn | Public) and len(row.who.reason) < 10]
    assert without == []


def test_every_call_whose_retry_would_double_its_effect_asks_for_a_key() -> None:
    assert sorted((row.method, row.path) for row in ROWS if row.key_needed) == [
        ("POST", "/v1/events/{eventId}/add-ons"),
        ("POST", "/v1/events/{eventId}/orders"),
        ("POST", "/v1/events/{eventId}/promo-codes"),
        ("POST", "/v1/orders"),
        ("POST", "/v1/orders/{orderId}/payments"),
        ("POST", "/v1/orders/{orderId}/refunds"),
        ("POST", "/v1/organizations/{organizationId}/payouts"),
        ("POST", "/v1/organizations/{organizationId}/webhooks"),
        ("POST", "/v1/webhooks/{webhookEndpointId}/rotate-secret"),
        ("PUT", "/v1/orders/{orderId}/items"),
    ]
