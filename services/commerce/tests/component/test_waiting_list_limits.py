"""What nobody does to others by way of a waiting list: stop a sale for ever, or hold what they were not offered."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from services.commerce.tests.component.test_waiting_list import (
    NO_FEE,
    give_back,
    join,
    offers,
    open_with_list,
    sold_out_tier,
    someone,
)

from commerce.actions import offer_places as offering
from commerce.domain.waiting_list import Entry
from commerce.errors import SoldOut
from commerce.store import waiting
from common.db import Transaction
from common.ids import TicketTierId, UserId
from common.messages import TicketTierAvailabilityChanged
from common.principal import Principal
from common.testing import FrozenClock, Running, RunService

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


async def test_who_wants_more_than_a_lowered_shared_capacity_keeps_nothing_from_those_behind_and_counts_again_later(
    run: RunService, stall: "Stall"
) -> None:
    group, single = someone("Group"), someone("Single")
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 10})
        await stall.sell_by(world, waitingList=True, capacity=3)
        orders = [await stall.placed(world, (tier, 1)) for _ in range(3)]
        entry = await join(world, stall, tier, group, 3)
        await join(world, stall, tier, single)
        await stall.sell_by(world, waitingList=True, capacity=2)
        for order in orders[:2]:
            await give_back(world, stall, order)
        await stall.job(world, "offer-places")
        assert [offer is not None for offer in await offers(world, group, single)] == [False, True]
        await stall.books(world)
        await give_back(world, stall, orders[2])
        assert (await stall.order(world, (tier, 1), by=someone("Quick"))).status_code == 201
        await stall.sell_by(world, waitingList=True, capacity=4)
        assert (await stall.order(world, (tier, 1), by=someone("Late"))).json()["code"] == "commerce.sold_out"
        await stall.books(world)
        await stall.sell_by(world, waitingList=True, capacity=2)
        left = await world.call("DELETE", f"/v1/waiting-list/{entry['id']}", group)
        assert left.status_code == 204, left.text
        await stall.sell_by(world, waitingList=True, capacity=None)
        assert (await stall.order(world, (tier, 1), by=someone("Late"))).status_code == 201
        await stall.books(world)


async def test_a_tier_nobody_is_kept_from_any_more_is_told_available(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 10})
        await stall.sell_by(world, waitingList=True, capacity=4)
        order = await stall.placed(world, (tier, 4))
        await join(world, stall, tier, someone("Group"), 4)
        await give_back(world, stall, order)
        await stall.sell_by(world, waitingList=True, capacity=3)
        assert (await stall.order(world, (tier, 2), by=someone("Pair"))).status_code == 201
        words = [said.availability for said in await world.said(TicketTierAvailabilityChanged)]
        assert (words[0], words[-1]) == ("sold_out", "few")
        await stall.books(world)


async def test_a_capacity_lowered_while_an_offer_is_being_made_leaves_the_count_of_those_who_wait_right(
    run: RunService, stall: "Stall"
) -> None:
    """The offer was for one who counted when it began."""
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 10})
        await stall.sell_by(world, waitingList=True, capacity=3)
        order = await stall.placed(world, (tier, 3))
        await join(world, stall, tier, someone("Group"), 3)
        await give_back(world, stall, order)
        with pytest.raises(SoldOut):
            async with world.database.transaction() as tx:
                entry = await waiting.lock_next(tx, tier)
                assert entry is not None
                await stall.sell_by(world, waitingList=True, capacity=2)
                await offering._offer_to(tx, NO_FEE, entry)
        await stall.books(world)


async def join_in_the_moment_of_the_offer(
    world: Running, stall: "Stall", tier: TicketTierId, who: Principal
) -> httpx.Response:
    """Their first offer is made, and before that is committed they join again."""

    path, body = f"/v1/events/{stall.event_id}/waiting-list", {"ticketTierId": tier, "quantity": 1}
    async with world.database.transaction() as tx:
        entry = await waiting.lock_next(tx, tier)
        assert entry is not None
        assert await offering._offer_to(tx, NO_FEE, entry)
        joining = asyncio.create_task(world.post(path, who, json=body))
        await world.locks_awaited()
    return await joining


async def test_who_joins_in_the_moment_of_their_first_offer_waits_for_no_second(
    run: RunService, stall: "Stall"
) -> None:
    ada, bob = someone("Ada"), someone("Bob")
    async with run() as world:
        tier, order = await sold_out_tier(world, stall, 1)
        await join(world, stall, tier, ada)
        await join(world, stall, tier, bob)
        await give_back(world, stall, order)
        answer = await join_in_the_moment_of_the_offer(world, stall, tier, ada)
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.waiting_already")
        assert await world.count("waiting_list_entries") == 2
        await stall.books(world)


async def test_control_asked_before_the_entry_is_written_they_wait_for_a_second_offer(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = someone("Ada"), someone("Bob")
    has_open_offer, add_entry = waiting.has_open_offer, waiting.add_entry
    asked: list[bool] = []

    async def ask_first(tx: Transaction, entry: Entry) -> None:
        asked.append(await has_open_offer(tx, entry.user_id, entry.ticket_tier_id))
        await add_entry(tx, entry)

    async def as_asked_before(tx: Transaction, user_id: UserId, ticket_tier_id: TicketTierId) -> bool:
        return asked[-1]

    monkeypatch.setattr(waiting, "add_entry", ask_first)
    monkeypatch.setattr(waiting, "has_open_offer", as_asked_before)
    async with run() as world:
        tier, order = await sold_out_tier(world, stall, 1)
        await join(world, stall, tier, ada)
        await join(world, stall, tier, bob)
        await give_back(world, stall, order)
        assert (await join_in_the_moment_of_the_offer(world, stall, tier, ada)).status_code == 201
        assert await world.count("waiting_list_entries") == 3


async def test_an_offer_that_is_extended_stands_no_shorter_than_before(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """An offer stands longer than an hour, which is as long as other holds may be extended to."""
    ada = someone("Ada")
    async with run(clock=clock) as world:
        tier = await open_with_list(world, stall, 1)
        order = await stall.placed(world, (tier, 1))
        await join(world, stall, tier, ada)
        await give_back(world, stall, order)
        await stall.job(world, "offer-places")
        [offer] = await offers(world, ada)
        extended = await world.post(f"/v1/orders/{offer}/extend", ada)
        assert (extended.status_code, extended.json()["code"]) == (409, "commerce.extended_to_the_full")
        shown = await world.get(f"/v1/orders/{offer}", ada)
        assert shown.json()["reservedUntil"] == "2026-11-21T18:00:00Z"
        clock.advance(timedelta(hours=2))
        await stall.job(world, "expire-orders")
        assert await stall.stock(world, tier) == (1, 0)
