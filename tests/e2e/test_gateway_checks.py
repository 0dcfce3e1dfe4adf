"""What the whole platform owes its callers, through the gateway: checks G5, G8, G10, G11, G12 and G15 of the anchors."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.e2e.journey import Journey, Person, Stack

SERVICES = {"identity": 1, "events": 2, "commerce": 3, "dp": 4, "wallet": 5, "releases": 6}
"""How far above the gateway's port each service of a devstack listens."""


@dataclass(frozen=True)
class Tenants:
    """An organiser with things of their own, and the owner of another organisation who wants them."""

    journey: Journey
    organiser: Person
    rival: Person
    things: dict[str, str]
    """Kind → id of a thing of the organiser's."""

    def send(self, method: str, path: str, by: Person | None, **options: Any) -> httpx.Response:
        """One request."""
        headers = {**(by.headers if by else {}), **options.pop("headers", {})}
        return self.journey.http.request(method, path, headers=headers, **options)


@pytest.fixture(scope="module")
def tenants(stack: Stack) -> Iterator[Tenants]:
    with Journey(stack, say=lambda _: None) as journey:
        organiser, organization_id = journey.organise()
        rival = journey.sign_in("checking-rival")
        body = {"name": "Rivals", "slug": f"checking-rivals-{journey.mark}"}
        journey.call("POST", "/v1/organizations", rival, expect=201, json=body)
        draft = journey.call("POST", "/v1/events", organiser, expect=201, json=_draft(organization_id)).json()
        tier = {"name": "Secret", "price": {"amount": 100, "currency": "NGN"}, "capacity": 5}
        path = f"/v1/events/{draft['id']}/ticket-tiers"
        secret = journey.call("POST", path, organiser, expect=201, json=tier).json()
        things = {"org": organization_id, "evt": draft["id"], "tier": secret["id"]}
        yield Tenants(journey, organiser, rival, things)


def _draft(organization_id: str) -> dict[str, Any]:
    starts = datetime.now(UTC) + timedelta(days=2)
    return {
        "organizationId": organization_id,
        "name": "Not yet public",
        "startsAt": starts.isoformat(),
        "endsAt": (starts + timedelta(hours=5)).isoformat(),
        "timezone": "Africa/Lagos",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reached_directly_believes_nobody(tenants: Tenants, service: str) -> None:
    """G5: neither no token, nor the token that apps hold, nor headers that name somebody, open anything."""
    gateway = urlsplit(tenants.journey.stack.gateway)
    port = (gateway.port or 80) + SERVICES[service]
    if not _listens(str(gateway.hostname), port):
        pytest.skip("this platform's services cannot be reached from here at all")
    document = httpx.get(f"http://{gateway.hostname}:{port}/openapi.json", timeout=20).json()
    claimed = {"X-User-Id": tenants.organiser.user_id, "X-Internal-Token": "yes", "X-Forwarded-For": "127.0.0.1"}
    asked = 0
    with httpx.Client(base_url=f"http://{gateway.hostname}:{port}", timeout=20) as direct:
        for path, item in document["paths"].items():
            for method in item:
                if path.startswith(("/healthz", "/readyz", "/metrics")):
                    continue
                for headers in ({}, tenants.organiser.headers, claimed):
                    answer = direct.request(method, _filled(path), headers=headers)
                    assert answer.status_code == 401, (method, path, answer.status_code, answer.text[:200])
                    asked += 1
        if service == "identity":
            for path in ("/internal/sign-ins/lookup", "/internal/session-feed/lease"):
                assert direct.post(path, json={}, headers=tenants.organiser.headers).status_code == 401
    assert asked >= 3


@pytest.mark.parametrize(
    ("method", "path", "field", "value"),
    [
        ("PATCH", "/v1/me", "emailVerified", True),
        ("PATCH", "/v1/me", "email", "someone-else@example.org"),
        ("PATCH", "/v1/me", "platformRoles", ["admin"]),
        ("PATCH", "/v1/me", "tier", "gold"),
        ("PATCH", "/v1/organizations/{org}", "suspendedAt", None),
        ("PATCH", "/v1/organizations/{org}", "id", "org_01m7x31szefpcvvad5zvy8zgfk"),
        ("PATCH", "/v1/events/{evt}", "status", "published"),
        ("PATCH", "/v1/events/{evt}", "organizationId", "org_01m7x31szefpcvvad5zvy8zgfk"),
        ("PATCH", "/v1/events/{evt}/ticket-tiers/{tier}", "available", 10_000),
        ("PATCH", "/v1/events/{evt}/ticket-tiers/{tier}", "soldOut", False),
        ("POST", "/v1/orders", "total", {"amount": 1, "currency": "NGN"}),
        ("POST", "/v1/orders", "tier", "gold"),
        ("POST", "/v1/orders", "usedByUserId", "usr_01m7x31szefpcvvad5zvy8zgfk"),
    ],
)
def test_a_field_nobody_may_write_is_a_422_that_points_at_it(
    tenants: Tenants, method: str, path: str, field: str, value: object
) -> None:
    """G8."""
    headers = {"Idempotency-Key": f"field-{field}-{tenants.journey.mark}"}
    target = path.format_map(tenants.things)
    answer = tenants.send(method, target, tenants.organiser, json={field: value}, headers=headers)
    assert answer.status_code == 422, answer.text
    assert f"/{field}" in [error["pointer"] for error in answer.json()["errors"]]


def test_every_address_of_administrators_refuses_everyone_else(tenants: Tenants) -> None:
    """G10: anonymous, a member of no team, and the owner of another organisation, on every such route of the document."""
    member = tenants.journey.sign_in("checking-member")
    document = tenants.send("GET", "/openapi.json", None).json()
    routes = [(method, path) for path, item in document["paths"].items() if "/admin/" in path for method in item]
    routes = [(method, path) for method, path in routes if method in ("get", "post", "patch", "put", "delete")]
    assert len(routes) >= 8
    for method, path in routes:
        for by, status in ((None, 401), (member, 403), (tenants.rival, 403)):
            answer = tenants.send(method.upper(), _filled(path), by, json={} if method != "get" else None)
            assert answer.status_code == status, (method, path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


def test_five_wrong_guesses_burn_a_code(tenants: Tenants) -> None:
    """G11: and the right one is then worth nothing."""
    email = f"guessed.{tenants.journey.mark}@example.org"
    started = tenants.send("POST", "/v1/auth/email/start", None, json={"email": email}).json()
    text = tenants.journey.mail_to(email, r"\b\d{6}\b")
    right = next(word for word in text.split() if word.isdigit() and len(word) == 6)
    body = {"challengeId": started["challengeId"]}
    for guess in range(5):
        wrong = f"{(int(right) + 1 + guess) % 1_000_000:06}"
        assert tenants.send("POST", "/v1/auth/email/verify", None, json={**body, "code": wrong}).status_code >= 400
    answer = tenants.send("POST", "/v1/auth/email/verify", None, json={**body, "code": right})
    assert answer.status_code in (400, 401, 403, 410, 422), answer.text
    assert "accessToken" not in answer.text


@pytest.mark.parametrize("provider", ["stripe", "paystack", "sandbox", "unheard-of"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"not json", id="no-json"),
        pytest.param(b'{"type": "payment_intent.succeeded", "data": {"object": {}}}', id="unsigned"),
        pytest.param(b"[" * 10_000, id="nested"),
    ],
)
def test_what_no_provider_signed_is_refused(tenants: Tenants, provider: str, body: bytes) -> None:
    """G15."""
    headers = {"Content-Type": "application/json", "Stripe-Signature": "t=1,v1=00", "X-Paystack-Signature": "00"}
    answer = tenants.send("POST", f"/v1/payments/webhooks/{provider}", None, content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/payments/webhooks/stripe", "/v1/deployments/railway/wrong-secret"])
def test_a_providers_body_has_a_size(tenants: Tenants, path: str) -> None:
    """G15, G9."""
    answer = tenants.send("POST", path, None, content=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "gateway.body_too_large")


def test_no_request_makes_the_platform_fetch_an_address(tenants: Tenants) -> None:
    """G12: no body of the API takes an address to fetch, save those of organisers' webhooks, which `common.outgoing` guards
    (commerce's test_outgoing_webhooks). The store's link is shown to people."""
    document = tenants.send("GET", "/openapi.json", None).json()
    found = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and "requestBody" in operation:
                found |= {(method, path, name) for name in _fields(document, operation["requestBody"])}
    addresses = {each for each in found if each[2].lower().endswith(("url", "uri"))}
    assert addresses == {
        ("patch", "/v1/client-policy/{platform}", "storeUrl"),
        ("post", "/v1/organizations/{organizationId}/webhooks", "url"),
        ("patch", "/v1/webhooks/{webhookEndpointId}", "url"),
    }
    assert ("post", "/v1/events", "organizationId") in found


def _fields(document: dict[str, Any], part: object, seen: frozenset[str] = frozenset()) -> set[str]:
    """The names of all fields of a schema, references followed."""
    if isinstance(part, list):
        return {name for each in part for name in _fields(document, each, seen)}
    if not isinstance(part, dict):
        return set()
    names = set(part.get("properties", {}))
    reference = part.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        names |= _fields(document, target, seen | {reference})
    return names | {name for each in part.values() for name in _fields(document, each, seen)}


def _filled(path: str) -> str:
    """A path with something in place of each parameter."""
    while "{" in path:
        before, _, rest = path.partition("{")
        path = f"{before}x1{rest.partition('}')[2]}"
    return path


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
