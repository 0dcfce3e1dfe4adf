"""Waiting lists: strictly by priority, then by time; what becomes free is never sold past those who wait."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import or_, select

from commerce.actions.offer_places import offer_places
from commerce.domain.sale_settings import PlatformFee
from commerce.domain.stock import Stock
from commerce.domain.waiting_list import Entry
from commerce.store import counts
from commerce.store import stock as stocks
from commerce.store import waiting as waiting_store
from commerce.tables import stock as stock_table
from commerce.tables import waiting_list_entries
from common.db import Transaction
from common.ids import EventId, OrganizationId, TicketTierId, WaitingListEntryId
from common.messages import OrderExpired, OrderPaid, TicketTierAvailabilityChanged, WaitingListPlacesOffered
from common.principal import Principal
from common.testing import FrozenClock, Running, RunService, eventually, principals
from common.testing.principals import fresh, member_of

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


NO_FEE = PlatformFee(0, ())


def someone(name: str) -> Principal:
    """A person of that name."""
    return principals.user(f"{name.lower()}@example.org", name)


async def join(
    world: Running, stall: "Stall", tier: TicketTierId, by: Principal, quantity: int = 1, **changes: object
) -> dict[str, Any]:
    """Someone's entry in the tier's waiting list."""
    body = {"ticketTierId": tier, "quantity": quantity, **changes}
    answer = await world.post(f"/v1/events/{stall.event_id}/waiting-list", by, json=body)
    assert answer.status_code == 201, answer.text
    entry: dict[str, Any] = answer.json()
    return entry


async def entry_of(world: Running, person: Principal) -> dict[str, Any]:
    """The one entry of someone."""
    [entry] = (await world.get("/v1/me/waiting-list", person)).json()["items"]
    found: dict[str, Any] = entry
    return found


async def offers(world: Running, *people: Principal) -> list[str | None]:
    """The orders they were offered, one each or None."""
    return [(await entry_of(world, person))["orderId"] for person in people]


async def open_with_list(world: Running, stall: "Stall", capacity: int, **changes: Any) -> TicketTierId:
    """A tier on sale of an event that keeps waiting lists."""
    [tier] = await stall.open(world, {"capacity": capacity, **changes})
    await stall.sell_by(world, waitingList=True)
    return tier


async def sold_out_tier(world: Running, stall: "Stall", capacity: int = 1, **changes: Any) -> tuple[TicketTierId, Any]:
    """A tier whose places are all held by one order."""
    tier = await open_with_list(world, stall, capacity, **changes)
    return tier, await stall.placed(world, (tier, capacity))


async def give_back(world: Running, stall: "Stall", order: dict[str, Any]) -> None:
    """The buyer calls their order off."""
    answer = await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
    assert answer.status_code == 200, answer.text


async def test_places_that_become_free_go_strictly_by_priority_then_time_and_are_passed_on_when_not_taken(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 12."""
    staff = member_of(stall.organization_id, "manager")
    ada, bob, cleo = someone("Ada"), someone("Bob"), someone("Cleo")
    async with run(clock=clock) as world:
        tier, order = await sold_out_tier(world, stall)
        for person in (ada, bob, cleo):
            clock.advance(timedelta(seconds=1))
            await join(world, stall, tier, person)
        raised = await world.patch(
            f"/v1/waiting-list/{(await entry_of(world, cleo))['id']}", staff, json={"priority": 5}
        )
        assert (raised.status_code, raised.json()["ahead"], raised.json()["priority"]) == (200, 0, 5)
        assert [(await entry_of(world, person))["ahead"] for person in (ada, bob, cleo)] == [1, 2, 0]

        await give_back(world, stall, order)
        refused = await stall.order(world, (tier, 1), by=someone("Hasty"))
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.sold_out")
        assert refused.json()["tiers"][0]["left"] == 0
        await stall.job(world, "offer-places")
        assert [offer is not None for offer in await offers(world, ada, bob, cleo)] == [False, False, True]
        assert await stall.stock(world, tier) == (1, 0)

        clock.advance(timedelta(hours=24))
        await stall.job(world, "expire-orders")
        await stall.job(world, "offer-places")
        assert [offer is not None for offer in await offers(world, ada, bob, cleo)] == [True, False, True]
        [first, second] = await world.said(WaitingListPlacesOffered)
        assert (first.email, second.email) == ("cleo@example.org", "ada@example.org")
        assert (first.reserved_until, first.quantity) == (clock.now(), 1)
        assert [expired.buyer_email for expired in await world.said(OrderExpired)] == ["cleo@example.org"]
        await stall.books(world)


async def test_an_offer_is_an_order_that_is_paid_like_any_other(run: RunService, stall: "Stall") -> None:
    ada = someone("Ada")
    async with run() as world:
        tier, order = await sold_out_tier(world, stall)
        await join(world, stall, tier, ada, attendees=[{"name": "Ada L", "email": "l@example.org"}])
        await give_back(world, stall, order)
        await stall.job(world, "offer-places")
        [offer] = await offers(world, ada)
        stall.buyer = ada
        offered = await stall.show(world, {"id": offer})
        assert (offered["status"], offered["buyerEmail"]) == ("awaiting_payment", "ada@example.org")
        assert offered["lines"][0]["admissions"][0]["attendeeName"] == "Ada L"
        await stall.end(world, await stall.pay(world, offered), "succeed")
        assert await stall.is_paid(world, offered)
        assert await stall.stock(world, tier) == (0, 1)
        await stall.books(world)


async def test_whoever_wants_more_than_is_free_waits_and_nobody_overtakes_them(run: RunService, stall: "Stall") -> None:
    group, single = someone("Group"), someone("Single")
    async with run() as world:
        tier = await open_with_list(world, stall, 3)
        orders = [await stall.placed(world, (tier, 1)) for _ in range(3)]
        await join(world, stall, tier, group, 3)
        await join(world, stall, tier, single)
        for order in orders[:2]:
            await give_back(world, stall, order)
            await stall.job(world, "offer-places")
            assert await offers(world, group, single) == [None, None]
        await give_back(world, stall, orders[2])
        await stall.job(world, "offer-places")
        assert [offer is not None for offer in await offers(world, group, single)] == [True, False]
        assert await stall.stock(world, tier) == (3, 0)
        await stall.books(world)


async def test_whoever_wants_more_than_the_tier_has_at_all_is_passed_over(run: RunService, stall: "Stall") -> None:
    group, single = someone("Group"), someone("Single")
    async with run() as world:
        tier = await open_with_list(world, stall, 3)
        order = await stall.placed(world, (tier, 3))
        await join(world, stall, tier, group, 3)
        await join(world, stall, tier, single)
        await world.hear(stall.tier(world.clock.now(), ticket_tier_id=tier, capacity=2))
        await give_back(world, stall, order)
        await stall.job(world, "offer-places")
        assert [offer is not None for offer in await offers(world, group, single)] == [False, True]


async def test_a_free_ticket_is_theirs_at_once(run: RunService, stall: "Stall") -> None:
    ada = someone("Ada")
    async with run() as world:
        tier = await open_with_list(world, stall, 1, price=None)
        assert (await stall.order(world, (tier, 1))).json()["status"] == "paid"
        await join(world, stall, tier, ada)
        await world.hear(stall.tier(world.clock.now(), ticket_tier_id=tier, capacity=2, price=None))
        await stall.job(world, "offer-places")
        assert (await world.said(OrderPaid))[-1].buyer_email == "ada@example.org"
        assert await world.said(WaitingListPlacesOffered) == []
        assert await stall.stock(world, tier) == (0, 2)
        await stall.books(world)


async def test_nobody_waits_for_what_can_be_bought_nor_twice(run: RunService, stall: "Stall") -> None:
    ada = someone("Ada")
    async with run() as world:
        tier = await open_with_list(world, stall, 1)
        path = f"/v1/events/{stall.event_id}/waiting-list"
        body = {"ticketTierId": tier, "quantity": 1}
        early = await world.post(path, ada, json=body)
        assert (early.status_code, early.json()["code"]) == (409, "commerce.not_sold_out")
        assert await world.count("waiting_list_entries") == 0
        order = await stall.placed(world, (tier, 1))
        await join(world, stall, tier, ada)
        again = await world.post(path, ada, json=body)
        assert (again.status_code, again.json()["code"]) == (409, "commerce.waiting_already")
        await give_back(world, stall, order)
        await stall.job(world, "offer-places")
        offered = await world.post(path, ada, json=body)
        assert (offered.status_code, offered.json()["code"]) == (409, "commerce.waiting_already")
        entry = await entry_of(world, ada)
        stays = await world.delete(f"/v1/waiting-list/{entry['id']}", ada)
        assert (stays.status_code, stays.json()["code"]) == (409, "commerce.places_offered_already")
        assert await world.count("waiting_list_entries") == 1
        await stall.books(world)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"quantity": 11}, 422, "commerce.quantity_outside_limits"),
        ({"quantity": 0}, 422, "request.unprocessable"),
        ({"quantity": 2**70}, 422, "request.unprocessable"),
        ({"quantity": "1"}, 422, "request.unprocessable"),
        ({"quantity": 1, "priority": 9}, 422, "request.unprocessable"),
        ({"quantity": 1, "attendees": [{"name": "A\x00"}]}, 422, "request.unprocessable"),
        ({"quantity": 1, "attendees": [{"name": "A"}, {"name": "B"}]}, 422, "commerce.too_many_attendees"),
        ({"quantity": 1, "ticketTierId": fresh(TicketTierId)}, 404, "commerce.unknown_ticket_tier"),
        ({"quantity": 1, "ticketTierId": fresh(EventId)}, 422, "request.unprocessable"),
    ],
)
async def test_nobody_waits_for_nonsense(
    run: RunService, stall: "Stall", body: dict[str, Any], status: int, code: str
) -> None:
    async with run() as world:
        tier, _ = await sold_out_tier(world, stall)
        path = f"/v1/events/{stall.event_id}/waiting-list"
        answer = await world.post(path, someone("Ada"), json={"ticketTierId": tier, **body})
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == code or code == "request.unprocessable"
        assert await world.count("waiting_list_entries") == 0
        assert await stall.stock(world, tier) == (1, 0)


async def test_when_the_last_one_leaves_the_public_sale_goes_on(run: RunService, stall: "Stall") -> None:
    ada, bob = someone("Ada"), someone("Bob")
    async with run() as world:
        tier, order = await sold_out_tier(world, stall)
        mine, theirs = await join(world, stall, tier, ada), await join(world, stall, tier, bob)
        await give_back(world, stall, order)
        assert (await world.delete(f"/v1/waiting-list/{mine['id']}", bob)).status_code == 404
        for _ in range(2):
            assert (await world.delete(f"/v1/waiting-list/{mine['id']}", ada)).status_code == 204
        assert (await stall.order(world, (tier, 1))).status_code == 409
        staff = member_of(stall.organization_id, "manager")
        assert (await world.delete(f"/v1/waiting-list/{theirs['id']}", staff)).status_code == 204
        assert (await world.said(TicketTierAvailabilityChanged))[-1].availability == "available"
        assert (await stall.order(world, (tier, 1))).status_code == 201
        assert (await entry_of(world, ada))["status"] == "left"
        await stall.books(world)


async def test_only_staff_of_the_organisation_see_and_steer_the_list(run: RunService, stall: "Stall") -> None:
    ada = someone("Ada")
    strangers = member_of(OrganizationId(fresh(OrganizationId)), "owner")
    viewer, manager = member_of(stall.organization_id, "viewer"), member_of(stall.organization_id, "manager")
    async with run() as world:
        tier, _ = await sold_out_tier(world, stall)
        entry = await join(world, stall, tier, ada, 1)
        path = f"/v1/events/{stall.event_id}/waiting-list"
        for person, status in ((ada, 403), (strangers, 403), (viewer, 403)):
            assert (await world.get(path, person)).status_code == status
            assert (await world.patch(path, person, json={"offerMinutes": 60})).status_code == status
        for person in (ada, strangers, viewer):
            change = await world.patch(f"/v1/waiting-list/{entry['id']}", person, json={"priority": 1000})
            assert change.status_code == 404
        [seen] = (await world.get(path, manager, params={"status": "waiting"})).json()["items"]
        assert (seen["email"], seen["name"], seen["priority"], seen["ahead"]) == ("ada@example.org", "Ada", 0, 0)
        assert (await world.get(path, manager, params={"status": "offered"})).json()["items"] == []
        for wrong in (1001, -1001, True, "1", None):
            answer = await world.patch(f"/v1/waiting-list/{entry['id']}", manager, json={"priority": wrong})
            assert answer.status_code == 422
        unknown = fresh(WaitingListEntryId)
        assert (await world.delete(f"/v1/waiting-list/{unknown}", manager)).status_code == 404


async def test_the_organiser_says_how_long_an_offer_stands_and_it_never_outlasts_the_event(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    manager = member_of(stall.organization_id, "manager")
    ada, bob = someone("Ada"), someone("Bob")
    async with run(clock=clock) as world:
        tier, order = await sold_out_tier(world, stall)
        await join(world, stall, tier, ada)
        await join(world, stall, tier, bob)
        path = f"/v1/events/{stall.event_id}/waiting-list"
        for minutes in (14, 43_201, "60"):
            assert (await world.patch(path, manager, json={"offerMinutes": minutes})).status_code == 422
        assert (await world.patch(path, manager, json={"offerMinutes": 90})).json() == {"offerMinutes": 90}
        await give_back(world, stall, order)
        await stall.job(world, "offer-places")
        assert (await world.said(WaitingListPlacesOffered))[0].reserved_until == clock.now() + timedelta(minutes=90)
        assert (await world.patch(path, manager, json={"offerMinutes": 43_200})).status_code == 200
        clock.advance(timedelta(days=1))
        await stall.job(world, "expire-orders")
        await stall.job(world, "offer-places")
        event_ends = clock.now() + timedelta(days=29, hours=4)
        assert (await world.said(WaitingListPlacesOffered))[1].reserved_until == event_ends


async def test_nothing_is_offered_for_what_is_no_longer_sold(run: RunService, stall: "Stall") -> None:
    ada = someone("Ada")
    async with run() as world:
        tier, order = await sold_out_tier(world, stall)
        await join(world, stall, tier, ada)
        await give_back(world, stall, order)
        await world.hear(stall.tier(world.clock.now(), ticket_tier_id=tier, capacity=1, retired=True))
        await stall.job(world, "offer-places")
        assert await offers(world, ada) == [None]
        await world.hear(stall.tier(world.clock.now(), ticket_tier_id=tier, capacity=1))
        await stall.job(world, "offer-places")
        assert await offers(world, ada) != [None]


async def test_late_money_does_not_overtake_those_who_wait(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    ada = someone("Ada")
    async with run(clock=clock) as world:
        tier, order = await sold_out_tier(world, stall)
        payment = await stall.pay(world, order)
        await join(world, stall, tier, ada)
        answer = await world.post(f"/v1/sandbox/payments/{payment['id']}", json={"outcome": "late"})
        assert answer.status_code == 202
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        clock.advance(timedelta(seconds=5))

        async def refunded() -> bool:
            return bool(await world.rows("SELECT 1 FROM refunds"))

        await eventually(refunded, what="the late money going back")
        assert (await stall.show(world, order))["status"] == "expired"
        await stall.job(world, "offer-places")
        assert await offers(world, ada) != [None]
        assert await stall.stock(world, tier) == (1, 0)
        await stall.books(world)


async def test_an_event_without_a_waiting_list_has_none(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 1})
        await stall.placed(world, (tier, 1))
        body = {"ticketTierId": tier, "quantity": 1}
        answer = await world.post(f"/v1/events/{stall.event_id}/waiting-list", someone("Ada"), json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.no_waiting_list")
        assert (await stall.order(world, (tier, 1))).status_code == 409
        assert await world.count("waiting_list_entries") == 0


async def hammer(world: Running, stall: "Stall", tier: TicketTierId, order: dict[str, Any]) -> list[int]:
    """An order is called off and its place offered while many try again and again to buy it; what they got."""
    place_was_free = asyncio.Event()

    async def keep_trying(buyer: Principal) -> list[int]:
        got: list[int] = []
        while not place_was_free.is_set() or len(got) < 3:
            got.append((await stall.order(world, (tier, 1), by=buyer)).status_code)
        return got

    async def free_and_offer() -> list[int]:
        try:
            await give_back(world, stall, order)
            got = [(await stall.order(world, (tier, 1), by=someone("Quick"))).status_code for _ in range(3)]
            await offer_places(world.database, NO_FEE)
            return got
        finally:
            place_was_free.set()

    tries = await asyncio.gather(*(keep_trying(someone(f"Buyer{number}")) for number in range(8)), free_and_offer())
    return [status for attempt in tries for status in attempt]


async def test_nobody_overtakes_those_who_wait_however_hard_they_try(run: RunService, stall: "Stall") -> None:
    ada = someone("Ada")
    async with run(settings={"database_pool_size": 15}) as world:
        tier, order = await sold_out_tier(world, stall)
        await join(world, stall, tier, ada)
        await join(world, stall, tier, someone("Bob"))
        assert set(await hammer(world, stall, tier, order)) == {409}
        assert await offers(world, ada) != [None]
        assert await stall.stock(world, tier) == (1, 0)
        await stall.books(world)


async def test_control_without_the_guard_somebody_overtakes(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = dict(counts.moves_of(stock_table, stock_table.c.ticket_tier_id))
    fits = stock_table.c.held + stock_table.c.sold + counts._COUNT <= stock_table.c.capacity
    more = {"held": stock_table.c.held + counts._COUNT, "sold": stock_table.c.sold}
    sale = counts.sale_of(stock_table, stock_table.c.ticket_tier_id)
    ways["held"] = sale.where(or_(counts._COUNT <= 0, fits)).values(**more).returning(*stock_table.c)
    monkeypatch.setattr(stocks, "_MOVES", ways)
    monkeypatch.setattr(Stock, "left", Stock.free)
    async with run(settings={"database_pool_size": 15}) as world:
        tier, order = await sold_out_tier(world, stall)
        await join(world, stall, tier, someone("Ada"))
        assert 201 in await hammer(world, stall, tier, order)


async def test_offers_made_side_by_side_are_one_each_and_in_order(run: RunService, stall: "Stall") -> None:
    people = [someone(f"Waiting{number}") for number in range(6)]
    async with run(settings={"database_pool_size": 15}) as world:
        tier, order = await sold_out_tier(world, stall, 4)
        for person in people:
            await join(world, stall, tier, person)
        await give_back(world, stall, order)
        await asyncio.gather(*(offer_places(world.database, NO_FEE) for _ in range(5)))
        assert [offer is not None for offer in await offers(world, *people)] == [True] * 4 + [False] * 2
        assert await stall.stock(world, tier) == (4, 0)
        assert len(await world.said(WaitingListPlacesOffered)) == 4
        await stall.books(world)


async def test_control_without_the_lock_two_offers_go_to_the_same_person(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)
    looked: set[asyncio.Task[Any] | None] = set()

    async def look_without_lock(tx: Transaction, tier: TicketTierId) -> Entry | None:
        if asyncio.current_task() in looked:
            return None
        looked.add(asyncio.current_task())
        row = await tx.one(select(waiting_list_entries).order_by(waiting_list_entries.c.id).limit(1))
        assert row is not None
        entry = waiting_store.entry_of(row)
        await both_looked.wait()
        return entry

    monkeypatch.setattr(waiting_store, "lock_next", look_without_lock)
    async with run() as world:
        tier, order = await sold_out_tier(world, stall, 2)
        for number in range(2):
            await join(world, stall, tier, someone(f"Waiting{number}"))
        await give_back(world, stall, order)
        await asyncio.gather(*(offer_places(world.database, NO_FEE) for _ in range(2)))
        assert [offer.email for offer in await world.said(WaitingListPlacesOffered)] == ["waiting0@example.org"] * 2
