"""Things that happen at the same moment, each with a control that fails when its guard is taken away."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from commerce.actions import move_stock
from commerce.actions.check_invariants import check_invariants
from commerce.domain.order import order as order_rules
from commerce.domain.stock import Stock, Way
from commerce.store import stock as stocks
from commerce.tables import stock as stock_table
from common.db import Transaction
from common.idempotency import OnceOnly
from common.ids import TicketTierId
from common.messages import OrderPlaced
from common.testing import Running, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

TRIALS = 10


async def buy_at_once(world: Running, stall: "Stall", tier: TicketTierId, buyers: int) -> list[int]:
    """So many people ask for one ticket each, all at the same moment; the answers' statuses."""
    people = [principals.user(f"buyer{number}@example.org") for number in range(buyers)]
    answers = await asyncio.gather(*(stall.order(world, (tier, 1), by=person) for person in people))
    assert {answer.json()["code"] for answer in answers if answer.status_code != 201} <= {"commerce.sold_out"}
    return [answer.status_code for answer in answers]


async def test_of_two_buyers_one_gets_the_last_ticket(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        tiers = await stall.open(world, *({"capacity": 1} for _ in range(TRIALS)))
        for tier in tiers:
            assert sorted(await buy_at_once(world, stall, tier, 2)) == [201, 409]
            assert await stall.stock(world, tier) == (1, 0)
        await check_invariants(world.database)


async def test_thirty_buyers_get_exactly_the_ten_places_there_are(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 10})
        assert sorted(await buy_at_once(world, stall, tier, 30)) == [201] * 10 + [409] * 20
        assert await stall.stock(world, tier) == (10, 0)
        assert len(await world.said(OrderPlaced)) == 10
        await check_invariants(world.database)


@pytest.mark.usefixtures("loudly")
async def test_control_without_the_guard_in_the_update_it_oversells(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone_looked = asyncio.Barrier(15)

    async def look_then_take(tx: Transaction, way: Way, tier: TicketTierId, count: int) -> Stock | None:
        [seen] = (await stocks.read_stock(tx, [tier])).values()
        await everyone_looked.wait()
        if seen.left < count:
            return None
        mine = stock_table.c.ticket_tier_id == tier
        await tx.execute(update(stock_table).where(mine).values(held=stock_table.c.held + count))
        return seen

    monkeypatch.setattr(stocks, "move", look_then_take)
    async with run(settings={"database_pool_size": 15}) as world:
        [tier] = await stall.open(world, {"capacity": 10})
        assert await buy_at_once(world, stall, tier, 15) == [201] * 15
        assert await stall.stock(world, tier) == (15, 0)


@pytest.mark.usefixtures("loudly")
async def test_orders_for_the_same_tiers_named_in_opposite_order_never_wait_for_each_other(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        first, second = await stall.open(world, {"capacity": 200}, {"capacity": 200})
        pairs = [((first, 1), (second, 1)), ((second, 1), (first, 1))] * 20
        answers = await asyncio.gather(*(stall.order(world, *pair) for pair in pairs))
        assert [answer.status_code for answer in answers] == [201] * 40
        assert (await stall.stock(world, first), await stall.stock(world, second)) == ((40, 0), (40, 0))


@pytest.mark.usefixtures("loudly")
async def test_control_without_one_order_of_locking_they_wait_for_each_other_for_ever(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_one = asyncio.Barrier(2)
    move = stocks.move
    taken: set[Transaction] = set()

    async def take_and_wait_once(tx: Transaction, way: Way, tier: TicketTierId, count: int) -> Stock | None:
        stock = await move(tx, way, tier, count)
        if tx not in taken:
            taken.add(tx)
            await both_have_one.wait()
        return stock

    monkeypatch.setattr(order_rules, "in_lock_order", list)
    monkeypatch.setattr(move_stock, "in_lock_order", list)
    monkeypatch.setattr(stocks, "move", take_and_wait_once)
    async with run() as world:
        first, second = await stall.open(world, {}, {})
        pairs = [((first, 1), (second, 1)), ((second, 1), (first, 1))]
        answers = await asyncio.gather(*(stall.order(world, *pair) for pair in pairs))
        assert sorted(answer.status_code for answer in answers) == [201, 503]
        assert (await stall.stock(world, first), await stall.stock(world, second)) == ((1, 0), (1, 0))


async def test_one_key_sent_many_times_at_once_places_one_order(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        answers = await asyncio.gather(*(stall.order(world, (tier, 1), key="same") for _ in range(12)))
        placed = [answer for answer in answers if answer.status_code == 201]
        running = [answer for answer in answers if answer.status_code == 409]
        assert len({answer.json()["id"] for answer in placed}) == 1
        assert {answer.json()["code"] for answer in running} <= {"idempotency.still_running"}
        assert len(placed) + len(running) == 12
        assert await stall.stock(world, tier) == (1, 0)
        assert await world.count("orders") == 1


async def test_control_without_claiming_the_key_each_request_places_an_order(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def claim_nothing(once: OnceOnly, tx: Transaction) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(OnceOnly, "begin", claim_nothing)
    async with run() as world:
        [tier] = await stall.open(world)
        answers = await asyncio.gather(*(stall.order(world, (tier, 1), key="same") for _ in range(4)))
        assert [answer.status_code for answer in answers] == [201] * 4
        assert await stall.stock(world, tier) == (4, 0)
