"""What nobody does to others by way of a waiting list: stop a sale for ever, or hold what they were not offered."""

from datetime import timedelta
from typing import TYPE_CHECKING

from services.commerce.tests.component.test_waiting_list import give_back, join, offers, open_with_list, someone

from common.testing import FrozenClock, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def test_nobody_waits_for_more_than_there_is_at_all(run: RunService, stall: "Stall") -> None:
    """Their turn would never come, and what became free would never be sold."""
    async with run() as world:
        tier = await open_with_list(world, stall, 3)
        order = await stall.placed(world, (tier, 3))
        path = f"/v1/events/{stall.event_id}/waiting-list"
        refused = await world.post(path, someone("Group"), json={"ticketTierId": tier, "quantity": 4})
        assert (refused.status_code, refused.json()["code"]) == (422, "commerce.quantity_outside_limits")
        assert refused.json()["errors"][0]["pointer"] == "/quantity"
        assert await world.count("waiting_list_entries") == 0
        await give_back(world, stall, order)
        assert (await stall.order(world, (tier, 1), by=someone("Late"))).status_code == 201
        await stall.books(world)


async def test_nobody_waits_for_more_than_all_tiers_have_together(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 10})
        await stall.sell_by(world, waitingList=True, capacity=2)
        await stall.placed(world, (tier, 2))
        path = f"/v1/events/{stall.event_id}/waiting-list"
        refused = await world.post(path, someone("Group"), json={"ticketTierId": tier, "quantity": 3})
        assert (refused.status_code, refused.json()["code"]) == (422, "commerce.quantity_outside_limits")
        assert (await world.post(path, someone("Two"), json={"ticketTierId": tier, "quantity": 2})).status_code == 201
        await stall.books(world)


async def test_who_wants_more_than_a_lowered_capacity_keeps_nothing_from_others_and_counts_again_when_it_is_raised(
    run: RunService, stall: "Stall"
) -> None:
    group, single = someone("Group"), someone("Single")
    async with run() as world:
        tier = await open_with_list(world, stall, 3)
        orders = [await stall.placed(world, (tier, 1)) for _ in range(3)]
        entry = await join(world, stall, tier, group, 3)
        await world.hear(stall.tier(world.clock.now(), ticket_tier_id=tier, capacity=2))
        for order in orders[:2]:
            await give_back(world, stall, order)
        await stall.job(world, "offer-places")
        assert await offers(world, group) == [None]
        bought = await stall.order(world, (tier, 1), by=single)
        assert bought.status_code == 201, bought.text
        await stall.books(world)
        await world.hear(stall.tier(world.clock.now(), ticket_tier_id=tier, capacity=4))
        assert (await stall.order(world, (tier, 1), by=single)).json()["code"] == "commerce.sold_out"
        await world.hear(stall.tier(world.clock.now(), ticket_tier_id=tier, capacity=2))
        left = await world.call("DELETE", f"/v1/waiting-list/{entry['id']}", group)
        assert left.status_code == 204, left.text
        await stall.books(world)


async def test_an_offer_holds_for_a_day_what_was_offered_and_nothing_else(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    ada = someone("Ada")
    async with run(clock=clock) as world:
        tier, other = await stall.open(world, {"capacity": 1}, {"capacity": 50})
        await stall.sell_by(world, waitingList=True)
        order = await stall.placed(world, (tier, 1))
        await join(world, stall, tier, ada)
        await give_back(world, stall, order)
        await stall.job(world, "offer-places")
        [offer] = await offers(world, ada)
        path, headers = f"/v1/orders/{offer}/items", {"If-Match": "*"}
        same = {"lines": [{"ticketTierId": tier, "quantity": 1}]}
        kept = await world.call("PUT", path, ada, key="same", json=same, headers=headers)
        assert kept.json()["reservedUntil"] == "2026-11-21T18:00:00Z"
        more = {"lines": [*same["lines"], {"ticketTierId": other, "quantity": 10}]}
        grown = await world.call("PUT", path, ada, key="more", json=more, headers=headers)
        assert (grown.status_code, grown.json()["reservedUntil"]) == (200, "2026-11-20T18:15:00Z")
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        assert [await stall.stock(world, each) for each in (tier, other)] == [(0, 0), (0, 0)]
        await stall.books(world)
