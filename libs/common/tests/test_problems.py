"""Every way a request can fail ends in one shape of answer, with a code that is nobody else's."""

import importlib
import pkgutil
import re
from collections import Counter
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, HTTPException
from pydantic import Field
from sqlalchemy import text

import common
from common.ids import OrderId, OrganizationId
from common.money import Money
from common.problems import problem, problem_headers
from common.refusals import (
    Conflict,
    Forbidden,
    MissingCapability,
    Refusal,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    every_refusal,
)
from common.schemas import Body, MoneyBody
from common.service import CurrentPrincipal, Db, Parts
from common.testing import RunService
from common.testing.principals import fresh, user

_NEEDS_MORE = ("common.testing",)


def refusals_of_common() -> list[type[Refusal]]:
    for module in pkgutil.walk_packages(common.__path__, "common."):
        if not module.name.startswith(_NEEDS_MORE):
            importlib.import_module(module.name)
    return [kind for kind in every_refusal() if kind.__module__.startswith("common.")]


REFUSALS = refusals_of_common()
every = pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)


class SoldOut(Conflict):
    """Only {places_left} of {ticket_tier_name} are left.

    This second paragraph is for those who read the code.
    """

    code = "shop.sold_out"


class TooCheap(Unprocessable):
    """A price is at least {minimum}."""

    code = "shop.too_cheap"


def test_no_two_refusals_share_a_code() -> None:
    codes = Counter(kind.code for kind in REFUSALS)
    assert [code for code, count in codes.items() if count > 1] == []
    assert len(codes) >= 20


@every
def test_a_code_is_context_and_reason(kind: type[Refusal]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", kind.code)
    assert "code" in vars(kind), "it answers with the code of its base"


@every
def test_a_refusal_is_a_sentence_and_is_named_for_its_reason(kind: type[Refusal]) -> None:
    sentence = kind.sentence()
    assert sentence[0].isupper() or sentence[0] in "`{"
    assert sentence.endswith((".", "`."))
    assert not kind.__name__.endswith(("Error", "Exception"))
    assert 400 <= kind.status < 600


def test_the_body_says_what_happened_in_words_and_in_values() -> None:
    order = OrderId(fresh(OrderId))
    refusal = SoldOut(places_left=2, ticket_tier_name="Balcony", order_id=order, price=Money(5, "NGN"))
    assert problem(refusal) == {
        "type": "https://lanyard.dev/problems/shop.sold_out",
        "title": "Sold out",
        "status": 409,
        "detail": "Only 2 of Balcony are left.",
        "code": "shop.sold_out",
        "traceId": None,
        "placesLeft": 2,
        "ticketTierName": "Balcony",
        "orderId": str(order),
        "price": {"amount": 5, "currency": "NGN"},
    }


def test_details_travel_in_camel_case_at_every_depth() -> None:
    lines = [{"line_id": 1, "per_order": {"max_allowed": 4}}]
    found = problem(SoldOut(places_left=0, ticket_tier_name="A", lines_left=lines))
    assert found["linesLeft"] == [{"lineId": 1, "perOrder": {"maxAllowed": 4}}]


def test_a_detail_never_takes_the_place_of_a_promised_field() -> None:
    found = problem(SoldOut(places_left=0, ticket_tier_name="A", status="ok", code="x", detail="y"))
    assert (found["status"], found["code"], found["detail"]) == (409, "shop.sold_out", "Only 0 of A are left.")


def test_a_422_points_at_the_value_and_others_point_at_nothing() -> None:
    found = problem(TooCheap(minimum=Money(100, "USD"), pointer="/price/amount"))
    assert found["errors"] == [{"pointer": "/price/amount", "detail": "A price is at least USD 1.00."}]
    assert "errors" not in problem(SoldOut(places_left=0, ticket_tier_name="A"))


@pytest.mark.parametrize(
    ("refusal", "headers"),
    [
        (Unauthenticated(), {"WWW-Authenticate": 'Bearer realm="lanyard"'}),
        (Unavailable(), {"Retry-After": "1"}),
        (Unavailable(retry_after=30), {"Retry-After": "30"}),
        (TooManyRequests(retry_after=7), {"Retry-After": "7"}),
        (Forbidden(), {}),
    ],
)
def test_headers_say_who_may_answer_and_when_to_try_again(refusal: Refusal, headers: dict[str, str]) -> None:
    assert problem_headers(refusal) == headers


class Line(Body):
    tier_name: Annotated[str, Field(min_length=1)]
    unit_price: MoneyBody


class Basket(Body):
    lines: list[Line]


def shop() -> Parts:
    router = APIRouter()

    @router.post("/v1/baskets")
    async def fill(body: Basket, principal: CurrentPrincipal) -> dict[str, int]:
        return {"lines": len(body.lines)}

    @router.get("/v1/baskets/{organization_id}")
    async def show(organization_id: OrganizationId, principal: CurrentPrincipal, limit: int = 1) -> dict[str, str]:
        return {}

    @router.get("/v1/broken")
    async def broken() -> None:
        raise RuntimeError("the password is hunter2")

    @router.get("/v1/forbidden")
    async def forbidden() -> None:
        raise MissingCapability(capability="shop:basket:read")

    @router.get("/v1/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "hunter2")

    @router.get("/v1/slow")
    async def slow(database: Db) -> None:
        async with database.transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = '10ms'"))
            await tx.execute(text("SELECT pg_sleep(5)"))

    return Parts(routers=[router])


def well_formed(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"https://lanyard.dev/problems/{code}"
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]
    assert body["detail"]
    assert "traceId" in body
    assert ("errors" in body) == (status == 422)
    return body


async def test_every_way_to_fail_has_the_same_shape(run_commerce: RunService) -> None:
    async with run_commerce(parts=shop()) as world:
        me = user()
        well_formed(await world.get("/v1/nowhere"), 404, "common.not_found")
        wrong_method = await world.call("DELETE", "/v1/baskets", me)
        well_formed(wrong_method, 405, "common.method_not_allowed")
        assert wrong_method.headers["allow"] == "POST"
        nobody = await world.client.post("/v1/baskets", json={"lines": []})
        well_formed(nobody, 401, "common.unauthenticated")
        assert nobody.headers["www-authenticate"] == 'Bearer realm="lanyard"'
        missing = well_formed(await world.get("/v1/forbidden"), 403, "common.missing_capability")
        assert missing["capability"] == "shop:basket:read"
        well_formed(await world.get("/v1/teapot"), 400, "common.bad_request")


async def test_our_own_faults_tell_nothing_of_their_cause(run_commerce: RunService) -> None:
    async with run_commerce(parts=shop()) as world:
        answer = await world.get("/v1/broken")
        well_formed(answer, 500, "common.internal_fault")
        assert "hunter2" not in answer.text
        assert "RuntimeError" not in answer.text


async def test_a_fault_carries_the_trace_it_is_logged_under(run_commerce: RunService) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with run_commerce(parts=shop()) as world:
        answer = await world.get("/v1/broken", headers={"traceparent": traceparent})
        assert answer.json()["traceId"] == "0af7651916cd43dd8448eb211c80319c"


async def test_a_statement_that_ran_out_of_time_may_be_tried_again(run_commerce: RunService) -> None:
    async with run_commerce(parts=shop()) as world:
        answer = await world.get("/v1/slow")
        well_formed(answer, 503, "common.busy")
        assert answer.headers["retry-after"] == "1"


async def test_a_lost_database_is_a_503_that_says_when_to_come_again(run_commerce: RunService) -> None:
    async with run_commerce(parts=shop(), settings={"database_url": "postgresql+psycopg://x:y@127.0.0.1:9/x"}) as world:
        answer = await world.get("/v1/slow")
        well_formed(answer, 503, "common.database_unavailable")
        assert answer.headers["retry-after"] == "1"


LINE = {"tierName": "A", "unitPrice": {"amount": 1, "currency": "NGN"}}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/lines"]),
        ({"lines": [], "total": 1}, ["/total"]),
        ({"lines": [LINE, {**LINE, "tierName": ""}]}, ["/lines/1/tierName"]),
        ({"lines": [{**LINE, "unitPrice": {"amount": 1.5, "currency": "NGN"}}]}, ["/lines/0/unitPrice/amount"]),
        (
            {"lines": [{**LINE, "unitPrice": {"amount": -1, "currency": "ZZZ"}}]},
            ["/lines/0/unitPrice/amount", "/lines/0/unitPrice/currency"],
        ),
        ({"lines": [{**LINE, "a/b~c": 1}]}, ["/lines/0/a~1b~0c"]),
        ([], [""]),
        (None, [""]),
    ],
)
async def test_each_wrong_value_of_a_body_is_pointed_at(
    run_commerce: RunService, body: object, pointers: list[str]
) -> None:
    async with run_commerce(parts=shop()) as world:
        answer = await world.post("/v1/baskets", by=user(), json=body)
        found = well_formed(answer, 422, "common.invalid_request")
        assert [error["pointer"] for error in found["errors"]] == pointers


@pytest.mark.parametrize("content", [b"{", b"{'a': 1}", b"\xff", b'{"lines": [}', b"[" * 50_000])
async def test_a_body_that_is_no_json_is_a_400(run_commerce: RunService, content: bytes) -> None:
    async with run_commerce(parts=shop()) as world:
        headers = {"Content-Type": "application/json"}
        answer = await world.post("/v1/baskets", by=user(), content=content, headers=headers)
        well_formed(answer, 400, "common.malformed_body")


async def test_an_id_of_another_kind_is_pointed_at_in_the_path(run_commerce: RunService) -> None:
    async with run_commerce(parts=shop()) as world:
        answer = await world.get(f"/v1/baskets/{fresh(OrderId)}", by=user(), params={"limit": "x"})
        found = well_formed(answer, 422, "common.invalid_request")
        assert [error["pointer"] for error in found["errors"]] == ["/path/organization_id", "/query/limit"]
