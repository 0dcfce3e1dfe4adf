"""What is sold beside tickets: set up by organisers, never without its ticket, never more than there is."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from commerce.domain.stock import AddOnStock, Way
from commerce.store import add_on_stock
from commerce.tables import add_on_stock as add_on_table
from common.db import Transaction
from common.ids import AddOnId, EventId, TicketTierId
from common.testing import FrozenClock, Running, RunService, principals
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PARKING = {"name": "Parking", "price": {"amount": 50_000, "currency": "NGN"}}


async def ask(world: Running, stall: "Stall", **changes: object) -> httpx.Response:
    """Ask, as the event's manager, for an add-on."""
    path = f"/v1/events/{stall.event_id}/add-ons"
    return await world.post(path, stall.manager, key=uuid4().hex, json={**PARKING, **changes})


async def made(world: Running, stall: "Stall", **changes: object) -> AddOnId:
    """An add-on that was put on sale."""
    answer = await ask(world, stall, **changes)
    assert answer.status_code == 201, answer.text
    return AddOnId(answer.json()["id"])


async def counts(world: Running, add_on: AddOnId) -> tuple[int, int]:
    """How many are held and sold."""
    [row] = await world.rows("SELECT held, sold FROM add_on_stock WHERE add_on_id = :id", id=add_on.uuid)
    return row["held"], row["sold"]


def wish(*wanted: tuple[AddOnId, int]) -> list[dict[str, Any]]:
    """Add-ons as an order names them."""
    return [{"addOnId": add_on, "quantity": quantity} for add_on, quantity in wanted]


async def test_an_order_holds_its_add_ons_and_sells_them_when_it_is_paid(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        parking = await made(world, stall, capacity=3, taxRate=19_000)
        order = (await stall.order(world, (tier, 2), addOns=wish((parking, 2)))).json()
        assert order["total"] == {"amount": 2 * 150_000 + 2 * 50_000, "currency": "NGN"}
        [line] = order["addOns"]
        assert (line["addOnName"], line["quantity"], line["total"]["amount"]) == ("Parking", 2, 100_000)
        assert line["tax"] == {"amount": 2 * 7_983, "currency": "NGN"}
        assert await counts(world, parking) == (2, 0)
        await stall.end(world, await stall.pay(world, order), "succeed")
        assert await counts(world, parking) == (0, 2)
        await stall.books(world)


async def test_a_sold_out_add_on_refuses_the_whole_order_and_is_named(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        parking = await made(world, stall, capacity=1)
        refused = await stall.order(world, (tier, 2), addOns=wish((parking, 2)))
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.sold_out")
        assert refused.json()["addOns"] == [{"addOnId": parking, "wanted": 2, "left": 1}]
        quoted = await stall.quote(world, (tier, 2), addOns=wish((parking, 2)))
        assert (quoted.status_code, quoted.json()["addOns"]) == (409, refused.json()["addOns"])
        assert (await stall.stock(world, tier), await counts(world, parking)) == ((0, 0), (0, 0))
        assert await world.count("orders") == 0


async def test_an_add_on_comes_back_with_an_order_that_is_called_off_or_expires(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        parking = await made(world, stall, capacity=5)
        first, _ = [(await stall.order(world, (tier, 1), addOns=wish((parking, 2)))).json() for _ in range(2)]
        await world.post(f"/v1/orders/{first['id']}/cancel", stall.buyer)
        assert await counts(world, parking) == (2, 0)
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        assert await counts(world, parking) == (0, 0)
        await stall.books(world)


async def race(world: Running, stall: "Stall", tier: TicketTierId, parking: AddOnId, buyers: int) -> list[int]:
    """So many people ask for a ticket and an add-on each, at the same moment; the answers' statuses."""
    people = [principals.user(f"buyer{number}@example.org") for number in range(buyers)]
    answers = await asyncio.gather(
        *(stall.order(world, (tier, 1), by=person, addOns=wish((parking, 1))) for person in people)
    )
    return sorted(answer.status_code for answer in answers)


async def test_of_eight_who_want_the_last_two_of_an_add_on_two_get_them(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        parking = await made(world, stall, capacity=2)
        assert await race(world, stall, tier, parking, 8) == [201] * 2 + [409] * 6
        assert (await counts(world, parking), await stall.stock(world, tier)) == ((2, 0), (2, 0))
        await stall.books(world)


async def test_control_without_the_guard_in_the_update_an_add_on_is_oversold(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone_looked = asyncio.Barrier(6)

    async def look_then_take(tx: Transaction, way: Way, add_on: AddOnId, count: int) -> AddOnStock | None:
        seen = (await add_on_stock.read(tx, [add_on]))[add_on]
        await everyone_looked.wait()
        if seen.left is not None and seen.left < count:
            return None
        mine = add_on_table.c.add_on_id == add_on
        await tx.execute(update(add_on_table).where(mine).values(held=add_on_table.c.held + count))
        return seen

    async with run(settings={"database_pool_size": 6}) as world:
        [tier] = await stall.open(world)
        parking = await made(world, stall, capacity=2)
        monkeypatch.setattr(add_on_stock, "move", look_then_take)
        assert await race(world, stall, tier, parking, 6) == [201] * 6
        assert await counts(world, parking) == (6, 0)


async def test_an_add_on_is_never_sold_without_its_ticket(run: RunService, stall: "Stall") -> None:
    """Scenario 11."""
    async with run() as world:
        regular, vip = await stall.open(world, {}, {"name": "VIP"})
        lounge = await made(world, stall, name="Lounge", ticketTierIds=[vip], maxPerTicket=1)
        alone = await stall.order(world, addOns=wish((lounge, 1)))
        assert (alone.status_code, alone.json()["errors"][0]["pointer"]) == (422, "/lines")
        without = await stall.order(world, (regular, 2), addOns=wish((lounge, 1)))
        assert (without.status_code, without.json()["code"]) == (422, "commerce.add_on_needs_ticket")
        assert without.json()["errors"][0]["pointer"] == "/addOns/0/addOnId"
        more = await stall.order(world, (regular, 2), (vip, 1), addOns=wish((lounge, 2)))
        assert (more.status_code, more.json()["code"]) == (422, "commerce.add_on_outside_limits")
        assert more.json()["errors"][0]["pointer"] == "/addOns/0/quantity"
        assert (await counts(world, lounge), await world.count("orders")) == ((0, 0), 0)
        assert (await stall.order(world, (vip, 1), addOns=wish((lounge, 1)))).status_code == 201


async def test_an_add_on_goes_with_its_ticket_when_that_leaves_the_order(run: RunService, stall: "Stall") -> None:
    """Scenario 11."""
    async with run() as world:
        regular, vip = await stall.open(world, {}, {"name": "VIP"})
        lounge = await made(world, stall, name="Lounge", ticketTierIds=[vip], maxPerTicket=1)
        parking = await made(world, stall)
        wanted = wish((lounge, 2), (parking, 1))
        order = (await stall.order(world, (regular, 1), (vip, 2), addOns=wanted)).json()

        async def put(body: dict[str, Any]) -> httpx.Response:
            headers = {"Idempotency-Key": uuid4().hex, "If-Match": "*"}
            return await world.call("PUT", f"/v1/orders/{order['id']}/items", stall.buyer, json=body, headers=headers)

        one_vip = {"lines": [{"ticketTierId": regular, "quantity": 1}, {"ticketTierId": vip, "quantity": 1}]}
        fewer = (await put(one_vip)).json()
        assert [(each["addOnName"], each["quantity"]) for each in fewer["addOns"]] == [("Lounge", 1), ("Parking", 1)]
        no_vip = {"lines": [{"ticketTierId": regular, "quantity": 1}]}
        gone = (await put(no_vip)).json()
        assert [each["addOnName"] for each in gone["addOns"]] == ["Parking"]
        assert (await counts(world, lounge), await counts(world, parking)) == ((0, 0), (1, 0))
        refused = await put({**no_vip, "addOns": wish((lounge, 1))})
        assert (refused.status_code, refused.json()["code"]) == (422, "commerce.add_on_needs_ticket")
        none = (await put({**no_vip, "addOns": []})).json()
        assert (none["addOns"], await counts(world, parking)) == ([], (0, 0))
        await stall.books(world)


async def test_everyone_sees_what_is_sold_beside_tickets_and_only_staff_what_was_retired(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        await stall.open(world)
        sold_out = await made(world, stall, capacity=0)
        later = await made(world, stall, salesStartAt=(clock.now() + timedelta(days=1)).isoformat())
        retired = await made(world, stall)
        changed = await world.patch(f"/v1/add-ons/{retired}", stall.manager, json={"retired": True})
        assert (changed.status_code, changed.json()["version"]) == (200, 2)
        path = f"/v1/events/{stall.event_id}/add-ons"
        shown = {each["id"]: each["reason"] for each in (await world.get(path)).json()["items"]}
        assert shown == {sold_out: "sold_out", later: "not_started"}
        by_staff = {each["id"]: each["reason"] for each in (await world.get(path, stall.manager)).json()["items"]}
        assert by_staff == {**shown, retired: "retired"}


async def test_a_changed_add_on_keeps_what_is_held_and_its_price(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        parking = await made(world, stall, capacity=5)
        order = (await stall.order(world, (tier, 3), addOns=wish((parking, 3)))).json()
        path, dear = f"/v1/add-ons/{parking}", {"amount": 90_000, "currency": "NGN"}
        changed = await world.patch(
            path, stall.manager, json={"price": dear, "capacity": 2}, headers={"If-Match": '"1"'}
        )
        assert (changed.status_code, changed.json()["capacity"]) == (200, 2)
        stale = await world.patch(path, stall.manager, json={"capacity": 9}, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "commerce.changed_meanwhile")
        assert (await stall.order(world, (tier, 1), addOns=wish((parking, 1)))).status_code == 409
        await stall.end(world, await stall.pay(world, order), "succeed")
        assert (await stall.show(world, order))["total"]["amount"] == 3 * 150_000 + 3 * 50_000
        assert await counts(world, parking) == (0, 3)
        assert (await world.patch(path, stall.manager, json={"capacity": None})).json()["capacity"] is None
        assert (await stall.order(world, (tier, 1), addOns=wish((parking, 1)))).status_code == 201
        await stall.books(world)


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"price": {"amount": 1, "currency": "EUR"}}, "commerce.other_currency", "/price/currency"),
        ({"ticketTierIds": [fresh(TicketTierId)]}, "commerce.other_events_ticket", "/ticketTierIds/0"),
        (
            {"salesStartAt": "2030-01-02T00:00:00Z", "salesEndAt": "2030-01-01T00:00:00Z"},
            "commerce.sale_ends_before_it_begins",
            "/salesEndAt",
        ),
        ({"capacity": -1}, "common.invalid_request", "/capacity"),
        ({"capacity": 10**30}, "common.invalid_request", "/capacity"),
        ({"price": {"amount": 1, "currency": "XXQ"}}, "common.invalid_request", "/price/currency"),
        ({"name": "a\x00b"}, "common.invalid_request", "/name"),
        ({"sold": 3}, "common.invalid_request", "/sold"),
    ],
)
async def test_what_is_no_sound_add_on_is_refused_where_it_is_wrong(
    run: RunService, stall: "Stall", changes: dict[str, object], code: str, pointer: str
) -> None:
    async with run() as world:
        await stall.open(world)
        refused = await ask(world, stall, **changes)
        assert refused.status_code == 422, refused.text
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
        assert refused.json()["code"] == code
        assert await world.count("add_ons") == 0


async def test_add_ons_are_set_up_by_managers_of_the_events_organisation_alone(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        parking = await made(world, stall)
        path = f"/v1/events/{stall.event_id}/add-ons"
        for other in (stall.buyer, principals.member_of(stall.organization_id, "scanner")):
            assert (await world.post(path, other, key=uuid4().hex, json=PARKING)).status_code == 403
            assert (await world.patch(f"/v1/add-ons/{parking}", other, json={"retired": True})).status_code == 403
        assert (await world.patch(f"/v1/add-ons/{fresh(AddOnId)}", stall.manager, json={})).status_code == 404
        unknown = f"/v1/events/{fresh(EventId)}/add-ons"
        assert (await world.post(unknown, stall.manager, key="k", json=PARKING)).status_code == 404
        assert (await stall.order(world, (tier, 1), addOns=wish((AddOnId(fresh(AddOnId)), 1)))).status_code == 404
        twice = await stall.order(world, (tier, 1), addOns=wish((parking, 1), (parking, 1)))
        assert (twice.status_code, twice.json()["code"]) == (422, "commerce.add_on_named_twice")
        assert await world.count("add_ons") == 1


async def test_an_add_on_is_ordered_only_within_its_window_and_until_it_is_retired(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        starts, ends = (clock.now() + timedelta(minutes=minutes) for minutes in (5, 8))
        parking = await made(world, stall, salesStartAt=starts.isoformat(), salesEndAt=ends.isoformat())
        answers = []
        for wait in (timedelta(0), timedelta(minutes=5), timedelta(minutes=3)):
            clock.advance(wait)
            answers.append(await stall.order(world, (tier, 1), addOns=wish((parking, 1))))
        always = await made(world, stall)
        await world.patch(f"/v1/add-ons/{always}", stall.manager, json={"retired": True})
        answers.append(await stall.order(world, (tier, 1), addOns=wish((always, 1))))
        assert [answer.status_code for answer in answers] == [409, 201, 409, 409]
        refused = [answer.json() for answer in answers if answer.status_code == 409]
        assert {answer["code"] for answer in refused} == {"commerce.add_on_not_on_sale"}
        assert [answer["reason"] for answer in refused] == ["not_started", "ended", "retired"]
        assert (await counts(world, parking), await counts(world, always)) == ((1, 0), (0, 0))
        assert (await stall.stock(world, tier), await world.count("orders")) == ((1, 0), 1)
        await stall.books(world)


async def test_no_more_of_an_add_on_than_an_order_may_hold(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        parking = await made(world, stall, maxPerOrder=2, maxPerTicket=2)
        for quantity, most in ((3, 2), (4, 2)):
            refused = await stall.order(world, (tier, quantity - 1), addOns=wish((parking, quantity)))
            assert (refused.status_code, refused.json()["code"]) == (422, "commerce.add_on_outside_limits")
            assert (refused.json()["most"], refused.json()["errors"][0]["pointer"]) == (most, "/addOns/0/quantity")
        assert (await counts(world, parking), await world.count("orders")) == ((0, 0), 0)
        assert (await stall.order(world, (tier, 1), addOns=wish((parking, 2)))).status_code == 201
        assert await counts(world, parking) == (2, 0)


async def test_an_add_on_of_another_event_comes_into_no_order(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        elsewhere = stall.__class__()
        await elsewhere.open(world)
        theirs = await made(world, elsewhere)
        refused = await stall.order(world, (tier, 1), addOns=wish((theirs, 1)))
        assert (refused.status_code, refused.json()["code"]) == (404, "commerce.unknown_add_on")
        assert (await counts(world, theirs), await stall.stock(world, tier)) == ((0, 0), (0, 0))
