"""Orders that staff make, and who comes with a ticket."""

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from common.ids import NOBODY, ApiKeyId, EventId, OrderLineId, TicketTierId
from common.messages import OrderPaid
from common.principal import Principal
from common.testing import Running, RunService, principals
from common.testing.overhearing import round_trips
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def make(
    world: Running, stall: "Stall", *wanted: tuple[TicketTierId, int], by: Principal | None = None, **changes: object
) -> httpx.Response:
    """Ask, as staff, for an order at the door."""
    lines = [{"ticketTierId": tier, "quantity": quantity} for tier, quantity in wanted]
    body = {"lines": lines, "payment": "cash", "buyer": {"email": "ada@example.org", "name": "Ada"}, **changes}
    path = f"/v1/events/{stall.event_id}/orders"
    return await world.post(path, by or stall.manager, key=uuid4().hex, json=body)


async def test_tickets_sold_at_the_door_are_paid_at_once_and_the_money_is_the_organisers_own(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 5})
        order = (await make(world, stall, (tier, 2), payment="card_terminal")).json()
        assert (order["status"], order["total"]["amount"], order["buyerEmail"]) == ("paid", 300_000, "ada@example.org")
        assert await stall.stock(world, tier) == (0, 2)
        assert await stall.books(world) == [("door_charge", "door_receivable", "organiser_payable", 300_000)]
        [said] = await world.said(OrderPaid)
        assert (said.buyer_user_id, said.buyer_email, len(said.admissions)) == (NOBODY, "ada@example.org", 2)
        assert (order["origin"], order["takenAs"], await world.count("payments")) == ("door", "card_terminal", 0)


async def test_tickets_given_away_cost_nothing_and_take_their_places(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 2, "max_per_order": 1})
        order = (await make(world, stall, (tier, 2), payment="complimentary")).json()
        assert (order["status"], order["total"]["amount"]) == ("paid", 0)
        assert (await stall.stock(world, tier), await stall.books(world)) == ((0, 2), [])
        assert (order["origin"], order["takenAs"]) == ("organiser", None)
        refused = await make(world, stall, (tier, 1), payment="complimentary")
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.sold_out")
        assert await world.count("orders") == 1


async def test_staff_and_buyers_who_want_the_last_places_together_get_no_more_than_there_are(
    run: RunService, stall: "Stall"
) -> None:
    """The guard is that of test_races, whose control is there."""
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 5})
        answers = await asyncio.gather(
            *(make(world, stall, (tier, 1)) for _ in range(6)), *(stall.order(world, (tier, 1)) for _ in range(6))
        )
        assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 7
        held, sold = await stall.stock(world, tier)
        assert held + sold == 5
        await stall.books(world)


async def test_staff_sell_outside_the_window_but_nothing_retired_and_nothing_of_an_event_called_off(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        now = world.clock.now()
        [tier] = await stall.open(world, {"sales_end_at": now})
        assert (await stall.order(world, (tier, 1))).json()["reason"] == "ended"
        assert (await make(world, stall, (tier, 1))).status_code == 201
        await world.hear(stall.tier(now, ticket_tier_id=tier, retired=True))
        assert (await make(world, stall, (tier, 1))).json()["reason"] == "retired"
        await world.hear(stall.tier(now, ticket_tier_id=tier), stall.event(now, status="cancelled"))
        assert (await make(world, stall, (tier, 1))).json()["reason"] == "event_cancelled"
        assert await stall.stock(world, tier) == (0, 1)


async def test_only_staff_of_the_events_organisation_make_orders(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        elsewhere = principals.member_of(stall.__class__().organization_id, "owner")
        for other in (stall.buyer, elsewhere, principals.member_of(stall.organization_id, "finance")):
            assert (await make(world, stall, (tier, 1), by=other)).status_code == 403
        unknown = f"/v1/events/{fresh(EventId)}/orders"
        body = {
            "lines": [{"ticketTierId": tier, "quantity": 1}],
            "payment": "cash",
            "buyer": {"email": "a@example.org"},
        }
        assert (await world.post(unknown, stall.manager, key="k", json=body)).status_code == 404
        wrongs: list[dict[str, Any]] = [
            {"payment": "bitcoin"},
            {"buyer": {"email": "a@b@c"}},
            {"buyer": {}},
            {"total": 1},
            {"lines": []},
        ]
        for wrong in wrongs:
            assert (await make(world, stall, (tier, 1), **wrong)).status_code == 422
        assert (await world.count("orders"), await stall.stock(world, tier)) == (0, (0, 0))


async def test_a_box_office_with_a_key_of_the_organisation_sells_like_its_manager(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        key = Principal(kind="key", subject=fresh(ApiKeyId), organization_roles={stall.organization_id: "manager"})
        assert (await make(world, stall, (tier, 1), by=key)).status_code == 201
        [row] = await world.rows("SELECT made_by FROM orders")
        assert (row["made_by"], await stall.stock(world, tier)) == (key.subject, (0, 1))


async def test_what_staff_made_is_in_nobodys_own_orders(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = (await make(world, stall, (tier, 1))).json()
        assert (await world.get("/v1/orders", stall.manager)).json()["items"] == []
        assert (await world.get(f"/v1/orders/{order['id']}", stall.manager)).status_code == 200
        assert (await world.get(f"/v1/orders/{order['id']}", stall.buyer)).status_code == 404


async def test_one_key_makes_one_order(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        body: dict[str, Any] = {
            "lines": [{"ticketTierId": tier, "quantity": 1}],
            "payment": "cash",
            "buyer": {"email": "ada@example.org"},
        }
        path = f"/v1/events/{stall.event_id}/orders"
        manager = stall.manager
        answers = [await world.post(path, manager, key="same", json=body) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert (await world.count("orders"), await stall.stock(world, tier)) == (1, (0, 1))


async def rename(
    world: Running, order: dict[str, Any], by: Principal, ordinal: int = 1, line: str | None = None, **body: object
) -> httpx.Response:
    """Say who comes with a ticket."""
    path = f"/v1/orders/{order['id']}/admissions/{line or order['lines'][0]['id']}/{ordinal}"
    return await world.patch(path, by, json=body)


async def test_somebody_else_comes_to_a_sold_out_event_and_it_takes_no_place(run: RunService, stall: "Stall") -> None:
    """Scenario 43."""
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 2})
        order = await stall.paid(world, (tier, 2))
        renamed = await rename(world, order, stall.buyer, 2, name="Bola", email="bola@example.org")
        assert (renamed.status_code, renamed.json()["version"]) == (200, order["version"] + 1)
        shown = [(each["attendeeName"], each["attendeeEmail"]) for each in renamed.json()["lines"][0]["admissions"]]
        assert shown == [(None, None), ("Bola", "bola@example.org")]
        assert await stall.stock(world, tier) == (0, 2)
        last = (await world.said(OrderPaid))[-1]
        assert [part.attendee_name for part in last.admissions] == [None, "Bola"]
        by_staff = await rename(world, order, stall.manager, 2, name="Chidi")
        assert by_staff.json()["lines"][0]["admissions"][1]["attendeeEmail"] == "bola@example.org"
        assert (await rename(world, order, stall.manager, 2, name="Chidi")).json()["version"] == by_staff.json()[
            "version"
        ]
        await stall.books(world)


async def test_nobody_else_comes_with_a_ticket_that_was_used_or_given_back(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        await stall.used(world, order, 1)
        refused = await rename(world, order, stall.buyer, 1, name="Eve")
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.admission_over")
        cancelled = await stall.placed(world, (tier, 1))
        await world.post(f"/v1/orders/{cancelled['id']}/cancel", stall.buyer)
        assert (await rename(world, cancelled, stall.buyer, 1, name="Eve")).status_code == 409
        names = await world.rows("SELECT attendee_name FROM admissions WHERE attendee_name IS NOT NULL")
        assert names == []


@pytest.mark.parametrize("who", ["stranger", "scanner"])
async def test_nobody_without_a_right_to_it_names_who_comes(run: RunService, stall: "Stall", who: str) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        member = principals.member_of(stall.organization_id, "scanner")
        other = principals.user("eve@example.org") if who == "stranger" else member
        assert (await rename(world, order, other, name="Eve")).status_code == 404
        finance = principals.member_of(stall.organization_id, "finance")
        assert (await rename(world, order, finance, name="Eve")).status_code == 403
        for ordinal, line in ((2, None), (1, str(fresh(OrderLineId)))):
            assert (await rename(world, order, stall.buyer, ordinal, line, name="Eve")).status_code == 404
        assert (await rename(world, order, stall.buyer, 10**6, name="Eve")).status_code == 422
        assert (await rename(world, order, stall.buyer, name="a\x00b")).status_code == 422
        assert (await stall.show(world, order))["version"] == order["version"]


async def test_an_order_at_the_door_is_a_handful_of_questions_to_the_database(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is measured beside others' ways to create a paid order in one call. Each list is one round trip."""
    async with run() as world:
        [tier] = await stall.open(world)
        with round_trips(monkeypatch) as asked:
            assert (await make(world, stall, (tier, 2))).status_code == 201
    [(trips, place)] = [
        (trips, place)
        for trips in asked.values()
        for place, trip in enumerate(trips)
        if any(b"INSERT INTO orders" in sql for sql in trip)
    ]
    begun = max(before for before in range(place + 1) if trips[before][0].startswith(b"BEGIN"))
    ended = min(after for after in range(place, len(trips)) if trips[after][-1] == b"COMMIT")
    assert ended - begun + 1 == 2, trips[begun : ended + 1]
