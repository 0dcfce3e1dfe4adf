"""What nobody sends by mistake: a problem that names it, and nothing half done."""

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from common.ids import EventId
from common.testing import RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

JSON = {"Content-Type": "application/json"}


NO_ADDRESSES = [
    "a,b@example.org",
    "a;b@example.org",
    '"a"@example.org',
    "a(b)@example.org",
    "a:b@example.org",
    "[a]@example.org",
    "a\\b@example.org",
    "a\x7fb@example.org",
    "a\r\nBcc: c@example.org",
    ".a@example.org",
    "a..b@example.org",
    "a.@example.org",
    "a@example..org",
    "a@-example.org",
    "a@example",
    "a@[127.0.0.1]",
    f"{'a' * 65}@example.org",
    f"a@{'b' * 250}.org",
]


async def test_what_a_mail_header_would_read_as_something_else_is_no_address(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        for address in NO_ADDRESSES:
            line = {"ticketTierId": tier, "quantity": 1, "attendees": [{"name": "Ada", "email": address}]}
            answer = await stall.order(world, lines=[line])
            assert answer.status_code == 422, address
            assert answer.json()["errors"][0]["pointer"] == "/lines/0/attendees/0/email", address
        assert await stall.stock(world, tier) == (0, 0)


async def test_odd_addresses_that_people_have_are_kept_as_they_were_typed(run: RunService, stall: "Stall") -> None:
    addresses = [
        "O'Hara+jazz@example.co.uk",
        "ada@exämple.org",
        "用户@例子.广告",
        f"{'a' * 64}@example.org",
        "_@x.museum",
    ]
    async with run() as world:
        [tier] = await stall.open(world)
        attendees = [{"name": "Ada", "email": address} for address in addresses]
        line = {"ticketTierId": tier, "quantity": len(addresses), "attendees": attendees}
        order = (await stall.order(world, lines=[line])).json()
        shown = (await stall.show(world, order))["lines"][0]["admissions"]
        assert [admission["attendeeEmail"] for admission in shown] == addresses


NOBODIES = [
    (r'{"name": "A\u0000B"}', 422),
    (r'{"name": "A\ud800B"}', 422),
    (r'{"name": "A", "\ud800": 1}', 422),
    (r'{"name": "A", "\u0000": 1}', 422),
    (r'{"name": "A", "email": "a\ud800@example.org"}', 422),
    (r'{"name": "   "}', 422),
    (r'{"name": null}', 422),
    ('{"name": ' + "9" * 5000 + "}", 400),
    ('{"name": ' + "[" * 100_000, 400),
]


async def test_text_that_cannot_be_kept_is_refused_the_first_time_and_again(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        for attendee, status in NOBODIES * 2:
            line = f'{{"ticketTierId": "{tier}", "quantity": 1, "attendees": [{attendee}]}}'
            content = f'{{"eventId": "{stall.event_id}", "lines": [{line}]}}'
            key = hashlib.sha256(attendee.encode()).hexdigest()
            answer = await world.post("/v1/orders", stall.buyer, key=key, content=content, headers=JSON)
            assert answer.status_code == status, attendee[:40]
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert await stall.stock(world, tier) == (0, 0)


async def test_a_quantity_is_a_whole_number_of_a_few_tickets(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        for quantity in ("9" * 30, "1e999", "NaN", "1.0", "true", "-1", "9223372036854775808"):
            line = f'{{"ticketTierId": "{tier}", "quantity": {quantity}}}'
            content = f'{{"eventId": "{stall.event_id}", "lines": [{line}]}}'
            answer = await world.post("/v1/orders", stall.buyer, key=f"k{quantity}", content=content, headers=JSON)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/lines/0/quantity"), quantity
        assert await stall.stock(world, tier) == (0, 0)


FAR_MOMENTS = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "1999-12-31T23:59:59Z",
    "2200-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "2030-01-01T00:00:00",
    "2030-02-30T00:00:00Z",
]


@pytest.mark.parametrize("field", ["salesStartAt", "salesEndAt", "validFrom", "validUntil"])
async def test_a_moment_nobody_could_read_again_is_never_kept(run: RunService, stall: "Stall", field: str) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        kind = "add-ons" if field.startswith("sales") else "promo-codes"
        body: dict[str, Any] = {"name": "Parking", "price": {"amount": 1, "currency": "NGN"}}
        if kind == "promo-codes":
            body = {"name": "Early", "kind": "percent", "rate": 1_000}
        path = f"/v1/events/{stall.event_id}/{kind}"
        for moment in FAR_MOMENTS:
            answer = await world.post(path, stall.manager, key=uuid4().hex, json={**body, field: moment})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}"), moment
        assert (await world.get(path, stall.manager)).json()["items"] == []
        odd = {**body, field: "2030-01-01T00:00:00+13:45"}
        made = await world.post(path, stall.manager, key="odd", json=odd)
        assert (made.status_code, made.json()[field]) == (201, "2029-12-31T10:15:00Z")
        [kept] = (await world.get(path, stall.manager)).json()["items"]
        assert kept[field] == made.json()[field]
        assert (await stall.quote(world, (tier, 1))).status_code == 200


async def test_what_an_add_on_must_have_is_not_taken_away_and_the_field_is_named(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        await stall.open(world)
        body = {"name": "Parking", "price": {"amount": 1, "currency": "NGN"}}
        path = f"/v1/events/{stall.event_id}/add-ons"
        made = (await world.post(path, stall.manager, key="k", json=body)).json()
        for field in ("name", "price", "ticketTierIds", "maxPerOrder", "taxRate", "retired"):
            refused = await world.patch(f"/v1/add-ons/{made['id']}", stall.manager, json={field: None})
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/{field}")
        unchanged = await world.patch(f"/v1/add-ons/{made['id']}", stall.manager, json={"capacity": None})
        assert unchanged.json() == made


async def test_a_wish_for_the_waiting_list_is_named_where_it_is_wrong(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 5, "max_per_order": 2})
        await stall.sell_by(world, waitingList=True)
        path = f"/v1/events/{stall.event_id}/waiting-list"
        many = {"ticketTierId": tier, "quantity": 3}
        crowd = {"ticketTierId": tier, "quantity": 1, "attendees": [{"name": "Ada"}, {"name": "Cleo"}]}
        for body, pointer in ((many, "/quantity"), (crowd, "/attendees")):
            refused = await world.post(path, stall.buyer, json=body)
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
        assert await world.count("waiting_list_entries") == 0


NO_NOTICES = [
    rb'{"id": "\ud800", "payment": "x"}',
    rb'{"id": "a\u0000", "payment": "x"}',
    rb'{"id": "a", "payment": "x\u0000"}',
    json.dumps({"id": "a" * 256, "payment": "x"}).encode(),
    json.dumps({"id": "", "payment": "x"}).encode(),
    json.dumps({"id": "a", "payment": "x" * 9000}).encode(),
    b"[" * 100_000,
]


async def test_an_authentic_notice_with_names_that_cannot_be_keys_is_refused(run: RunService) -> None:
    async with run() as world:
        seconds = str(int(world.clock.now().timestamp())).encode()
        for notice in NO_NOTICES:
            digest = hmac.new(b"a-secret-for-the-tests", seconds + b"." + notice, hashlib.sha256).hexdigest()
            headers = {"Sandbox-Signature": f"t={seconds.decode()},v1={digest}"}
            answer = await world.post("/v1/payments/webhooks/sandbox", content=notice, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "commerce.webhook_unreadable"), notice[:40]
        assert await world.count("payment_webhooks") == 0


async def test_nobody_learns_from_a_refusal_whether_an_order_or_a_draft_exists(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        for there in (order["id"], "ord_01jd0000000000000000000000"):
            cancelled = await world.post(f"/v1/orders/{there}/cancel")
            begun = await world.post(f"/v1/orders/{there}/payments", key="k", json={"provider": "sandbox"})
            assert (cancelled.status_code, begun.status_code) == (401, 401)
        await world.hear(stall.event(world.clock.now(), status="draft"))
        draft = await world.get(f"/v1/orders?eventId={stall.event_id}", principals.user())
        missing = await world.get(f"/v1/orders?eventId={fresh(EventId)}", principals.user())
        assert (draft.status_code, draft.json()["code"]) == (404, "commerce.unknown_event")
        assert {**draft.json(), "traceId": None} == {**missing.json(), "traceId": None}
        staff = await world.get(
            f"/v1/orders?eventId={stall.event_id}", principals.member_of(stall.organization_id, "finance")
        )
        assert [item["id"] for item in staff.json()["items"]] == [order["id"]]


async def test_a_cursor_of_another_list_is_refused_and_one_of_another_page_of_the_same_shows_nothing_of_others(
    run: RunService, stall: "Stall"
) -> None:
    owner = principals.member_of(stall.organization_id, "owner")
    async with run() as world:
        await stall.open(world)
        promo = await stall.promo(world)
        lists = [
            "/v1/orders",
            f"/v1/orders?eventId={stall.event_id}",
            f"/v1/organizations/{stall.organization_id}/orders",
            f"/v1/organizations/{stall.organization_id}/payouts",
            f"/v1/events/{stall.event_id}/waiting-list",
            "/v1/me/waiting-list",
        ]
        for where in lists:
            for cursor in (promo["id"], str(stall.event_id), "x", "9" * 300, "\u0000"):
                answer = await world.get(where, owner, params={**dict(_query(where)), "cursor": cursor})
                assert answer.status_code == 422, (where, cursor)
                assert answer.json()["errors"][0]["pointer"] == "/query/cursor", (where, cursor)
            for limit in ("0", "-1", "201", "1e9", "x"):
                answer = await world.get(where, owner, params={**dict(_query(where)), "limit": limit})
                assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/limit"), where
        mine = [await stall.placed(world, (tier, 1)) for tier in await stall.open(world, {}, {})]
        page = await world.get("/v1/orders", principals.user(), params={"cursor": mine[-1]["id"]})
        assert (page.status_code, page.json()["items"]) == (200, [])


def _query(where: str) -> list[tuple[str, str]]:
    _, _, query = where.partition("?")
    return [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]


async def test_a_ticket_is_named_by_its_whole_number_when_it_goes_back(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        line = order["lines"][0]["id"]
        for ordinal in ("1", True, 1.5, 0, -1, 101, 10**30, None):
            refused = await stall.refund(world, order, lines=[{"lineId": line, "quantity": 1, "ordinals": [ordinal]}])
            assert refused.status_code == 422, ordinal
            assert refused.json()["errors"][0]["pointer"] == "/lines/0/ordinals/0", ordinal
        assert await world.count("refunds") == 0


async def test_a_key_stands_for_one_request_and_another_body_under_it_does_nothing(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 3))
        line = order["lines"][0]["id"]
        finance = principals.member_of(stall.organization_id, "finance")
        wishes: list[dict[str, Any]] = [{"lines": [{"lineId": line, "quantity": count}]} for count in (1, 2)]
        first, *others = [await stall.refund(world, order, key="k", by=finance, **wish) for wish in (*wishes, {})]
        assert first.status_code == 201, first.text
        for answer in others:
            assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.key_reused")
        assert await stall.refunds(world, order) == [("done", 150_000)]
        assert (await stall.order(world, (tier, 1), key="o")).status_code == 201
        other = await stall.order(world, (tier, 2), key="o")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
        assert await stall.stock(world, tier) == (1, 2)
        await stall.books(world)
