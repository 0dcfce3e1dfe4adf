"""Bad input through the gateway: a problem+json with a code, and nothing half done."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.e2e.journey import Journey, Person, Stack

USER_ID = "usr_01m7x31szefpcvvad5zvy8zgfk"
ORDER_ID = "ord_01m7x31szefpcvvad5zvy8zgfk"


@dataclass(frozen=True)
class Scene:
    """An organiser with a published event, and people who have no part in it."""

    journey: Journey
    organiser: Person
    organization_id: str
    event_id: str
    tier_id: str
    buyer: Person
    stranger: Person

    def order(self, quantity: int = 1) -> dict[str, Any]:
        """A well-formed order."""
        return {"eventId": self.event_id, "lines": [{"ticketTierId": self.tier_id, "quantity": quantity}]}

    def orders_of(self, person: Person) -> int:
        """How many orders someone has."""
        return len(self.journey.call("GET", "/v1/orders", person, expect=200).json()["items"])


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Iterator[Scene]:
    with Journey(stack, say=lambda _: None) as journey:
        yield set_scene(journey)


def set_scene(journey: Journey) -> Scene:
    organiser, organization_id = journey.organise()
    event_id, tier_id = journey.publish_event(organiser, organization_id)
    buyer, stranger = journey.sign_in("bad-buyer"), journey.sign_in("stranger")
    key = {"Idempotency-Key": f"known-{journey.mark}"}
    body = {"eventId": event_id, "lines": [{"ticketTierId": tier_id, "quantity": 1}]}
    journey._order_when_known(organiser, body, key)
    return Scene(journey, organiser, organization_id, event_id, tier_id, buyer, stranger)


def send(scene: Scene, method: str, path: str, by: Person | None, **options: Any) -> httpx.Response:
    headers = {**(by.headers if by else {}), **options.pop("headers", {})}
    return scene.journey.http.request(method, path, headers=headers, **options)


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert set(problem) >= {"type", "title", "status", "detail", "code", "traceId"}
    assert len(problem["traceId"]) == 32
    if status == 422:
        assert problem["errors"]
        assert all(set(error) == {"pointer", "detail"} for error in problem["errors"])
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    return problem


def key(scene: Scene, word: str) -> dict[str, str]:
    return {"Idempotency-Key": f"{word}-{scene.journey.mark}"}


def test_malformed_json_is_a_400_and_no_order(scene: Scene) -> None:
    headers = {**key(scene, "malformed"), "Content-Type": "application/json"}
    answer = send(scene, "POST", "/v1/orders", scene.buyer, content=b'{"eventId": ', headers=headers)
    assert_problem(answer, 400, "common.malformed_body")
    assert scene.orders_of(scene.buyer) == 0


def test_an_unknown_field_is_a_422_that_points_at_it(scene: Scene) -> None:
    body = {**scene.order(), "discount": 100}
    answer = send(scene, "POST", "/v1/orders", scene.buyer, json=body, headers=key(scene, "unknown"))
    problem = assert_problem(answer, 422, "common.invalid_request")
    assert [error["pointer"] for error in problem["errors"]] == ["/discount"]
    assert scene.orders_of(scene.buyer) == 0


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "1", 10**30, None, True])
def test_a_quantity_that_is_none_is_a_422(scene: Scene, quantity: object) -> None:
    body = {"eventId": scene.event_id, "lines": [{"ticketTierId": scene.tier_id, "quantity": quantity}]}
    answer = send(scene, "POST", "/v1/orders", scene.buyer, json=body, headers=key(scene, f"quantity-{quantity}"))
    problem = assert_problem(answer, 422, "common.invalid_request")
    assert problem["errors"][0]["pointer"] == "/lines/0/quantity"
    assert scene.orders_of(scene.buyer) == 0


def test_an_id_of_another_kind_in_the_body_is_a_422(scene: Scene) -> None:
    body = {"eventId": USER_ID, "lines": [{"ticketTierId": scene.tier_id, "quantity": 1}]}
    answer = send(scene, "POST", "/v1/orders", scene.buyer, json=body, headers=key(scene, "kind"))
    problem = assert_problem(answer, 422, "common.invalid_request")
    assert problem["errors"][0]["pointer"] == "/eventId"


@pytest.mark.parametrize("path", [f"/v1/orders/{USER_ID}", f"/v1/passes/{ORDER_ID}", "/v1/passes/pass_nonsense"])
def test_an_id_of_another_kind_in_the_path_is_a_422(scene: Scene, path: str) -> None:
    answer = send(scene, "GET", path, scene.buyer)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/me"),
        ("POST", "/v1/orders"),
        ("POST", "/v1/events"),
        ("GET", "/v1/passes"),
        ("POST", "/v1/check-ins"),
        ("POST", "/v1/dp/templates"),
        ("GET", "/v1/deployments"),
        ("PATCH", "/v1/admin/app-state"),
    ],
)
@pytest.mark.parametrize("token", [None, "nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
def test_without_a_good_token_it_is_a_401(scene: Scene, method: str, path: str, token: str | None) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = send(scene, method, path, None, headers={**headers, **key(scene, "anonymous")}, json={})
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "capability"),
    [
        ("POST", "/v1/events", "events:event:write"),
        ("POST", "/v1/check-ins", "events:pass:check-in"),
        ("POST", "/v1/dp/templates", "dp:template:write"),
        ("PATCH", "/v1/admin/app-state", "identity:app-state:write"),
        ("GET", "/v1/deployments", "releases:deployment:read"),
    ],
)
def test_without_the_capability_it_is_a_403_that_names_it(
    scene: Scene, method: str, path: str, capability: str
) -> None:
    answer = send(scene, method, path, scene.stranger, json={})
    assert answer.status_code == 403, answer.text
    assert answer.json()["capability"] == capability


def test_anothers_rows_are_a_404_like_rows_that_do_not_exist(scene: Scene) -> None:
    made = send(scene, "POST", "/v1/orders", scene.organiser, json=scene.order(), headers=key(scene, "mine"))
    assert made.status_code == 201, made.text
    theirs = send(scene, "GET", f"/v1/orders/{made.json()['id']}", scene.stranger)
    missing = send(scene, "GET", f"/v1/orders/{ORDER_ID}", scene.stranger)
    assert (theirs.status_code, missing.status_code) == (404, 404)
    assert {**theirs.json(), "traceId": ""} == {**missing.json(), "traceId": ""}


def test_a_member_of_another_organisation_finds_nothing_here(scene: Scene) -> None:
    other = scene.journey.sign_in("rival")
    body = {"name": "Rivals", "slug": f"rivals-{scene.journey.mark}"}
    scene.journey.call("POST", "/v1/organizations", other, expect=201, json=body)
    for path in ("ticket-tiers", "publish", "cancel"):
        tier = {"name": "x", "price": {"amount": 1, "currency": "NGN"}, "capacity": 1}
        answer = send(
            scene, "POST", f"/v1/events/{scene.event_id}/{path}", other, json=tier if path == "ticket-tiers" else None
        )
        assert answer.status_code in (403, 404), answer.text
    members = send(scene, "GET", f"/v1/organizations/{scene.organization_id}/members", other)
    assert members.status_code == 404
    shown = scene.journey.call("GET", f"/v1/events/{scene.event_id}", expect=200).json()
    assert shown["status"] == "published"


def test_a_body_over_the_limit_is_a_413(scene: Scene) -> None:
    body = {**scene.order(), "note": "x" * 200_000}
    answer = send(scene, "POST", "/v1/orders", scene.buyer, json=body, headers=key(scene, "large"))
    assert answer.status_code == 413, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert scene.orders_of(scene.buyer) == 0


def test_an_order_without_an_idempotency_key_is_a_400(scene: Scene) -> None:
    answer = send(scene, "POST", "/v1/orders", scene.buyer, json=scene.order())
    assert answer.status_code == 400, answer.text
    assert "idempotency" in answer.json()["code"]
    assert scene.orders_of(scene.buyer) == 0


def test_the_same_key_for_another_order_is_a_422(scene: Scene) -> None:
    person = scene.journey.sign_in("key-user")
    first = send(scene, "POST", "/v1/orders", person, json=scene.order(), headers=key(scene, "twice"))
    assert first.status_code == 201, first.text
    other = send(scene, "POST", "/v1/orders", person, json=scene.order(2), headers=key(scene, "twice"))
    assert_problem(other, 422, "idempotency.key_reused")
    assert scene.orders_of(person) == 1


@pytest.mark.parametrize(
    "path", ["/v1/unheard-of", "/v2/orders", "/internal/keys", "/readyz/../internal/keys", "/metrics/x"]
)
def test_an_address_that_is_not_in_the_table_is_a_404(scene: Scene, path: str) -> None:
    answer = send(scene, "GET", path, scene.buyer)
    assert answer.status_code in (400, 404), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_method_an_address_does_not_take_is_a_405_that_names_those_it_does(scene: Scene) -> None:
    answer = send(scene, "DELETE", "/v1/orders", scene.buyer)
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("name", ["nul \x00 inside", "x" * 201, "", "   ", "\ud800"])
def test_text_that_cannot_be_kept_is_a_422_and_no_organisation(scene: Scene, name: str) -> None:
    before = scene.journey.call("GET", "/v1/organizations", scene.stranger, expect=200).json()["items"]
    raw = f'{{"name": {json.dumps(name)}, "slug": "bad-name"}}'
    headers = {"Content-Type": "application/json"}
    answer = send(scene, "POST", "/v1/organizations", scene.stranger, content=raw.encode(), headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    after = scene.journey.call("GET", "/v1/organizations", scene.stranger, expect=200).json()["items"]
    assert after == before


def test_two_requests_for_the_last_ticket_at_once_make_one_order_and_one_409(scene: Scene) -> None:
    tier = {"name": "Last one", "price": {"amount": 100, "currency": "NGN"}, "capacity": 1}
    path = f"/v1/events/{scene.event_id}/ticket-tiers"
    tier_id = scene.journey.call("POST", path, scene.organiser, expect=201, json=tier).json()["id"]
    availability = f"/v1/events/{scene.event_id}/availability"

    def known() -> bool:
        tiers = scene.journey.call("GET", availability, expect=200).json()["tiers"]
        return any(one["ticketTierId"] == tier_id for one in tiers)

    scene.journey.wait("commerce knowing the tier", known)
    people = [scene.journey.sign_in(f"racer{number}") for number in range(2)]
    barrier = threading.Barrier(2)

    def buy(person: Person) -> httpx.Response:
        body = {"eventId": scene.event_id, "lines": [{"ticketTierId": tier_id, "quantity": 1}]}
        with httpx.Client(base_url=scene.journey.stack.gateway, timeout=20) as http:
            barrier.wait()
            return http.post("/v1/orders", json=body, headers={**person.headers, **key(scene, person.user_id)})

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(buy, people), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["code"] == "commerce.sold_out"
    assert sum(scene.orders_of(person) for person in people) == 1
