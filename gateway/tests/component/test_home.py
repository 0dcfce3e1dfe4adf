"""The start screen in one call: side by side, under one deadline, whole or with its gaps named."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from common.messages import ClientPolicyChanged
from common.testing import principals
from gateway.errors import AnswerUnusable, DeadlinePassed, ServiceAway
from gateway.home.document import ME, ORDER, PASS, POLICY
from gateway.home.screen import LONGEST
from gateway.routes import ROWS
from gateway.testing import RunGateway, World, holds, json_answer
from gateway.testing.wire import Heard

TREE = Path(__file__).resolve().parents[3]
ME_SAID = {"id": "usr_1", "email": "ada@example.org", "unreadNotifications": 3, "later": [1.10, None]}
PASSES = {"items": [{"id": "pass_1", "event": {"name": "Jazz"}}], "nextCursor": None}
ORDERS = {"items": [{"id": "ord_1", "total": {"amount": 9007199254740993, "currency": "NGN"}}], "nextCursor": "x"}
POLICY_OF_IOS = ClientPolicyChanged(
    sequence=1,
    platform="ios",
    minimum="2.0",
    minimum_build=None,
    latest="2.10",
    blocked=(),
    store_url="https://store.example/lanyard",
    message=None,
    deadline_at=None,
    changed_at=datetime(2026, 11, 1, tzinfo=UTC),
)
IOS = {"x-app-platform": "ios", "x-app-version": "2.9"}


def me(_: Heard) -> bytes:
    return json_answer(ME_SAID)


@pytest.fixture
async def home(run: RunGateway) -> AsyncIterator[World]:
    """A gateway whose services all know what to say, and whose start screen waits for half a second."""
    rows = tuple(replace(row, timeout=0.5) if row.path == "/v1/home" else row for row in ROWS)
    async with run(rows=rows) as world:
        await holds(lambda: world.built.cache.leased, "the lease")
        await holds(lambda: world.built.tokens.ready, "identity's keys")
        world.identity.other = me
        world["events"].reply = lambda _: json_answer(PASSES)
        world["commerce"].reply = lambda _: json_answer(ORDERS)
        world.built.policies.on_changed(POLICY_OF_IOS)
        world.built.policies.heard = True
        yield world


async def test_the_whole_screen_comes_in_one_call(home: World) -> None:
    """Scenario 24."""
    answer = await home.ask("GET", "/v1/home", IOS, token=home.identity.sign_in())
    assert (answer.status, answer.one("content-type")) == (200, "application/json")
    assert answer.one("cache-control") == "private, no-store"
    assert answer.json() == {
        "me": ME_SAID,
        "passes": PASSES,
        "orders": ORDERS,
        "unreadCount": 3,
        "clientPolicy": {
            "platform": "ios",
            "status": "recommended",
            "minimum": "2.0",
            "latest": "2.10",
            "storeUrl": "https://store.example/lanyard",
            "message": None,
            "deadlineAt": None,
        },
        "missing": [],
    }
    assert answer.one("ratelimit-policy").startswith('"read"')


async def test_each_service_is_asked_once_as_the_caller_with_what_is_left_of_the_time(home: World) -> None:
    ada = principals.user("ada@example.org", "Ada")
    answer = await home.ask("GET", "/v1/home", {"cookie": "secret=1", **IOS}, token=home.identity.sign_in(ada))
    asked = {"identity": home.identity.asked(), "events": home["events"].heard, "commerce": home["commerce"].heard}
    targets = {service: [request.target for request in requests] for service, requests in asked.items()}
    assert targets == {
        "identity": ["/v1/me"],
        "events": ["/v1/passes?upcoming=true&limit=20"],
        "commerce": ["/v1/orders?status=awaiting_payment&limit=20"],
    }
    for service, (request,) in asked.items():
        claims = request.one("authorization").split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        assert (said["aud"], said["sub"], said["kind"]) == (service, ada.subject, "user")
        assert 0 < int(request.one("x-lanyard-deadline-ms")) <= 500
        assert request.one("x-request-id") == answer.one("x-request-id")
        assert request.one("x-forwarded-for") == "127.0.0.1"
        assert request.all("cookie") == []


async def test_the_parts_are_fetched_side_by_side(home: World) -> None:
    """Scenario 24: nobody answers before all three were asked."""
    asked = asyncio.Barrier(3)

    def once_all_are_asked(answer: object) -> Any:
        async def reply(_: Heard) -> bytes:
            await asked.wait()
            return json_answer(answer)

        return reply

    home.identity.other = once_all_are_asked(ME_SAID)
    home["events"].reply = once_all_are_asked(PASSES)
    home["commerce"].reply = once_all_are_asked(ORDERS)
    answer = await home.ask("GET", "/v1/home", token=home.identity.sign_in())
    assert (answer.status, answer.json()["missing"]) == (200, [])


async def hang(_: Heard) -> bytes:
    await asyncio.Event().wait()
    return b""


BROKEN: dict[str, tuple[Any, str]] = {
    "hangs": (hang, DeadlinePassed.code),
    "stalls half-way": (lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", DeadlinePassed.code),
    "half a document": (lambda _: b'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"items":', AnswerUnusable.code),
    "no JSON": (lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nNaN", AnswerUnusable.code),
    "no text": (lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe", AnswerUnusable.code),
    "NaN inside": (lambda _: json_answer({"items": [float("nan")]}), AnswerUnusable.code),
    "a well of brackets": (
        lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n" + b"[" * 200_000,
        AnswerUnusable.code,
    ),
    "no page": (lambda _: json_answer({}), AnswerUnusable.code),
    "a list": (lambda _: json_answer([1]), AnswerUnusable.code),
    "too much": (lambda _: json_answer({"items": ["x" * LONGEST]}), AnswerUnusable.code),
    "no HTTP": (lambda _: b"nonsense\r\n\r\n", AnswerUnusable.code),
    "a fault": (
        lambda _: json_answer({"code": "common.internal_fault"}, "500 Internal Server Error"),
        AnswerUnusable.code,
    ),
    "a refusal": (lambda _: json_answer({"code": "events.no"}, "403 Forbidden"), "events.no"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_an_optional_part_that_fails_or_is_late_is_named_and_the_rest_is_told(home: World, name: str) -> None:
    """Scenario 24."""
    home["events"].reply, code = BROKEN[name]
    began = asyncio.get_running_loop().time()
    answer = await home.ask("GET", "/v1/home", token=home.identity.sign_in())
    assert asyncio.get_running_loop().time() - began < 1.5
    body = answer.json()
    assert (answer.status, body["passes"]) == (200, None)
    assert body["missing"] == [{"part": "passes", "code": code}]
    assert (body["me"], body["orders"]) == (ME_SAID, ORDERS)


async def test_with_both_optional_parts_hanging_the_answer_still_keeps_its_one_deadline(home: World) -> None:
    """Scenario 24."""
    home["events"].reply = home["commerce"].reply = hang
    began = asyncio.get_running_loop().time()
    answer = await home.ask("GET", "/v1/home", token=home.identity.sign_in())
    assert asyncio.get_running_loop().time() - began < 0.9
    assert answer.json()["missing"] == [
        {"part": "passes", "code": "gateway.deadline_passed"},
        {"part": "orders", "code": "gateway.deadline_passed"},
    ]
    assert home.built.pools["events"].taken == home.built.pools["commerce"].taken == 0


async def test_a_service_that_is_away_is_a_gap(home: World) -> None:
    await home["commerce"].stop()
    body = (await home.ask("GET", "/v1/home", token=home.identity.sign_in())).json()
    assert (body["orders"], body["missing"]) == (None, [{"part": "orders", "code": ServiceAway.code}])


REQUIRED: dict[str, tuple[Any, int, str]] = {
    "hangs": (hang, 504, "gateway.deadline_passed"),
    "no JSON": (lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{", 502, "gateway.answer_unusable"),
    "a list": (lambda _: json_answer([]), 502, "gateway.answer_unusable"),
    "a fault": (lambda _: json_answer({"code": "x"}, "500 Internal Server Error"), 502, "gateway.answer_unusable"),
}


@pytest.mark.parametrize("name", REQUIRED)
async def test_without_the_required_part_there_is_a_problem_that_names_it(home: World, name: str) -> None:
    """Scenario 24."""
    home.identity.other, status, code = REQUIRED[name]
    answer = await home.ask("GET", "/v1/home", token=home.identity.sign_in())
    problem = answer.json()
    assert (answer.status, answer.code) == (status, code)
    assert (problem["part"], problem["service"], problem["status"]) == ("me", "identity", status)


async def test_a_required_part_that_fails_waits_for_nobody(home: World) -> None:
    home["events"].reply = home["commerce"].reply = hang
    home.identity.other = lambda _: json_answer([])
    began = asyncio.get_running_loop().time()
    assert (await home.ask("GET", "/v1/home", token=home.identity.sign_in())).status == 502
    assert asyncio.get_running_loop().time() - began < 0.4
    assert home.built.pools["events"].taken == home.built.pools["commerce"].taken == 0


async def test_the_services_own_refusal_of_the_person_is_passed_on(home: World) -> None:
    problem = {"type": "about:blank", "title": "x", "status": 401, "code": "common.unauthenticated", "traceId": "t"}
    body = json.dumps(problem).encode()
    head = b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/problem+json\r\nwww-authenticate: Bearer\r\n"
    home.identity.other = lambda _: head + b"content-length: %d\r\n\r\n" % len(body) + body
    answer = await home.ask("GET", "/v1/home", token=home.identity.sign_in())
    assert (answer.status, answer.code, answer.one("www-authenticate")) == (401, "common.unauthenticated", "Bearer")
    assert answer.json() == problem | {"part": "me"}


async def test_nobody_is_asked_for_those_who_are_not_signed_in(home: World) -> None:
    assert (await home.ask("GET", "/v1/home")).status == 401
    assert [len(home[name].heard) for name in ("events", "commerce")] == [0, 0]
    assert home.identity.asked() == []


async def test_an_app_that_does_not_say_what_it_is_gets_no_policy_and_no_gap(home: World) -> None:
    home.built.policies.heard = False
    quiet = (await home.ask("GET", "/v1/home", token=home.identity.sign_in())).json()
    assert (quiet["clientPolicy"], quiet["missing"]) == (None, [])
    other = {"x-app-platform": "android", "x-app-version": "1"}
    unknown = (await home.ask("GET", "/v1/home", other, token=home.identity.sign_in())).json()
    assert unknown["clientPolicy"] is None
    assert unknown["missing"] == [{"part": "clientPolicy", "code": "gateway.service_away"}]


async def test_an_app_that_is_too_old_does_not_get_its_screen(home: World) -> None:
    old = {"x-app-platform": "ios", "x-app-version": "1.9"}
    assert (await home.ask("GET", "/v1/home", old, token=home.identity.sign_in())).status == 426
    assert home["events"].heard == []


async def test_a_client_that_leaves_ends_the_questions(home: World) -> None:
    home.identity.other = home["events"].reply = home["commerce"].reply = hang
    token = home.identity.sign_in()
    _, writer = await home.connect()
    writer.write(f"GET /v1/home HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    await holds(lambda: len(home["commerce"].heard) == 1, "the questions")
    writer.transport.abort()
    await holds(lambda: home.built.pools["commerce"].taken == 0, "their end")


@pytest.mark.parametrize(
    ("service", "name", "written"),
    [
        ("identity", "MeView", ME),
        ("events", "PassView", PASS),
        ("commerce", "OrderView", ORDER),
        ("releases", "ClientPolicyView", POLICY),
    ],
)
def test_the_document_describes_the_parts_as_their_services_do(
    service: str, name: str, written: dict[str, Any]
) -> None:
    document = json.loads((TREE / "services" / service / "openapi.json").read_text())
    told = document["components"]["schemas"][name]["properties"]
    assert set(written["properties"]) == set(told)
