"""The scenarios of what is held and sold, by the numbers of the anchors."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import BigInteger, bindparam, text, update
from sqlalchemy.exc import OperationalError

from commerce.actions import move_stock, take_stock
from commerce.actions.settle_payment import settle_payment
from commerce.domain.payment import ProviderPayment
from commerce.domain.stock import Goods, Left, Stock, Way
from commerce.store import counts, invariants
from commerce.store import stock as stocks
from commerce.tables import stock as stock_table
from common.db import Transaction
from common.ids import EventId, OrderId, PaymentId, TicketTierId
from common.messages import TicketTierAvailabilityChanged
from common.money import Money
from common.testing import FrozenClock, Running, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

HOLD = timedelta(minutes=15)


async def share(world: Running, stall: "Stall", capacity: int | None) -> None:
    """Give all tiers of the event so many places together."""
    await stall.sell_by(world, capacity=capacity)


async def shared(world: Running, stall: "Stall") -> tuple[int, int]:
    """How many places of the event are held and sold."""
    query = "SELECT held, sold FROM event_capacity WHERE event_id = :event"
    [row] = await world.rows(query, event=stall.event_id.uuid)
    return row["held"], row["sold"]


async def buy_in_turn(world: Running, stall: "Stall", tiers: list[TicketTierId], buyers: int) -> list[int]:
    """So many people ask for one ticket each at the same moment, of the tiers in turn; the answers' statuses."""
    people = [principals.user(f"buyer{number}@example.org") for number in range(buyers)]
    wanted = [tiers[number % len(tiers)] for number in range(buyers)]
    answers = await asyncio.gather(
        *(stall.order(world, (tier, 1), by=person) for person, tier in zip(people, wanted, strict=True))
    )
    assert {answer.json()["code"] for answer in answers if answer.status_code != 201} <= {"commerce.sold_out"}
    return sorted(answer.status_code for answer in answers)


async def money_comes(world: Running, payment: dict[str, Any]) -> str:
    """Let a payment succeed, however late: what is done with it, in a word."""
    [row] = await world.rows("SELECT * FROM payments WHERE id = :id", id=PaymentId(payment["id"]).uuid)
    told = ProviderPayment(
        reference=row["reference"],
        payment_id=PaymentId.from_uuid(row["id"]),
        order_id=OrderId.from_uuid(row["order_id"]),
        status="succeeded",
        amount=Money(row["amount"], row["currency"]),
    )
    async with world.database.transaction() as tx:
        return await settle_payment(tx, "sandbox", told)


async def test_of_two_who_want_the_last_place_one_holds_it_and_the_other_reads_sold_out(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 1. Its control is in test_races."""
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 1})
        answers = await asyncio.gather(*(stall.order(world, (tier, 1)) for _ in range(2)))
        [refused] = [answer.json() for answer in answers if answer.status_code == 409]
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert (refused["code"], refused["event"]) == ("commerce.sold_out", None)
        assert [(told["wanted"], told["left"]) for told in refused["tiers"]] == [(1, 0)]
        assert await stall.stock(world, tier) == (1, 0)
        await stall.books(world)


async def two_late_payments(
    world: Running, stall: "Stall", clock: FrozenClock, tier: TicketTierId
) -> tuple[list[dict[str, Any]], list[str]]:
    """Two orders for the last place expire one after the other, and then the money of both comes at once."""
    orders, payments = [], []
    for _ in range(2):
        orders.append(await stall.placed(world, (tier, 1)))
        payments.append(await stall.pay(world, orders[-1]))
        clock.advance(HOLD)
        await stall.job(world, "expire-orders")
    assert await stall.stock(world, tier) == (0, 0)
    return orders, list(await asyncio.gather(*(money_comes(world, payment) for payment in payments)))


async def test_of_two_expired_orders_for_the_last_place_both_paid_one_gets_it(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 2."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 1})
        orders, outcomes = await two_late_payments(world, stall, clock, tier)
        assert [outcome == "complete" for outcome in outcomes].count(True) == 1, outcomes
        stands = [(await stall.show(world, order))["status"] for order in orders]
        assert stands.count("paid") == 1
        assert await stall.stock(world, tier) == (0, 1)
        await stall.books(world)


async def test_control_without_lock_and_guard_both_late_payments_get_the_last_place(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)

    async def look_without_lock(tx: Transaction, event_id: EventId, goods: Goods) -> Left:
        seen = await move_stock.read_left(tx, event_id, goods)
        await both_looked.wait()
        return seen

    counted = update(stock_table).where(stock_table.c.ticket_tier_id == bindparam("key"))
    sold = stock_table.c.sold + bindparam("count", type_=BigInteger)
    ways = {**counts.moves_of(stock_table, stock_table.c.ticket_tier_id), "sold": counted.values(sold=sold)}
    ways["sold"] = ways["sold"].returning(*stock_table.c)
    monkeypatch.setattr(take_stock, "lock_left", look_without_lock)
    monkeypatch.setattr(stocks, "_MOVES", ways)
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 1})
        orders, outcomes = await two_late_payments(world, stall, clock, tier)
        assert outcomes == ["complete", "complete"]
        assert [(await stall.show(world, order))["status"] for order in orders] == ["paid", "paid"]
        assert await stall.stock(world, tier) == (0, 2)


async def test_under_repeatable_read_the_second_taker_of_the_last_place_fails_and_never_oversells(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 4: READ COMMITTED, which is deployed, is scenario 1."""
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 1})
        with pytest.raises(OperationalError, match="could not serialize access"):
            async with world.database.transaction() as late:
                await late.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
                assert (await stocks.read_stock(late, [tier]))[tier].left == 1
                assert (await stall.order(world, (tier, 1))).status_code == 201
                assert (await stocks.read_stock(late, [tier]))[tier].left == 1, "it still sees the old moment"
                await stocks.move(late, "held", tier, 1)
        assert await stall.stock(world, tier) == (1, 0)
        await stall.books(world)


async def test_twenty_buyers_of_two_tiers_that_share_ten_places_get_ten(run: RunService, stall: "Stall") -> None:
    """Scenario 5."""
    async with run() as world:
        tiers = await stall.open(world, {"capacity": 10}, {"capacity": 10})
        await share(world, stall, 10)
        assert await buy_in_turn(world, stall, tiers, 20) == [201] * 10 + [409] * 10
        assert await shared(world, stall) == (10, 0)
        assert sum([(await stall.stock(world, tier))[0] for tier in tiers]) == 10
        refused = (await stall.order(world, (tiers[0], 1))).json()
        assert (refused["event"], refused["tiers"][0]["left"]) == ({"wanted": 1, "left": 0}, 0)
        await stall.books(world)


async def test_control_tiers_that_forget_what_they_share_sell_twice_as_much(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control of scenario 5: each tier alone has room for its ten."""
    move = stocks.move

    async def alone(tx: Transaction, way: Way, tier: TicketTierId, count: int) -> Any:
        stock = await move(tx, way, tier, count)
        return None if stock is None else replace(stock, shared=False)

    monkeypatch.setattr(stocks, "move", alone)
    async with run(settings={"database_pool_size": 10}) as world:
        tiers = await stall.open(world, {"capacity": 10}, {"capacity": 10})
        await share(world, stall, 10)
        await buy_in_turn(world, stall, tiers, 20)
        assert sum([(await stall.stock(world, tier))[0] for tier in tiers]) > 10


async def test_a_capacity_given_in_the_middle_of_a_rush_counts_whoever_bought_before_and_meanwhile(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 5, with the capacity set while orders are under way."""
    async with run() as world:
        tiers = await stall.open(world, {"capacity": 10}, {"capacity": 10})
        assert (await stall.order(world, (tiers[0], 2))).status_code == 201
        rush = asyncio.create_task(buy_in_turn(world, stall, tiers, 20))
        await share(world, stall, 10)
        await rush
        [held, sold] = await shared(world, stall)
        assert (held, sold) == (sum([(await stall.stock(world, tier))[0] for tier in tiers]), 0)
        assert held >= 10
        assert (await stall.order(world, (tiers[1], 1))).status_code == 409
        await stall.books(world)


async def give_capacity_while_somebody_buys(world: Running, stall: "Stall", tier: TicketTierId) -> list[str]:
    """A place is taken, and before that is committed the event gets its capacity; what does not add up then."""

    async with world.database.transaction() as buying:
        await stocks.move(buying, "held", tier, 1)
        giving = asyncio.create_task(share(world, stall, 10))
        await world.locks_awaited()
    await giving
    async with world.database.transaction() as tx:
        return await invariants.find_miscounted_events(tx)


async def test_a_capacity_waits_for_whoever_buys_at_that_moment_and_counts_them(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        assert await give_capacity_while_somebody_buys(world, stall, tier) == []
        assert await shared(world, stall) == (1, 0)


async def test_control_without_locking_the_tiers_it_misses_them(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lock_nothing(tx: Transaction, event_id: EventId) -> list[Stock]:
        return []

    monkeypatch.setattr(stocks, "lock_stock_of", lock_nothing)
    async with run() as world:
        [tier] = await stall.open(world)
        assert len(await give_capacity_while_somebody_buys(world, stall, tier)) == 1
        assert await shared(world, stall) == (0, 0)


async def test_orders_that_name_shared_tiers_in_opposite_order_never_wait_for_each_other(
    run: RunService, stall: "Stall"
) -> None:
    """The order of locking, whose control is in test_races, with what the tiers share locked last."""
    async with run() as world:
        first, second = await stall.open(world, {"capacity": 100}, {"capacity": 100})
        await share(world, stall, 100)
        pairs = [((first, 1), (second, 1)), ((second, 1), (first, 1))] * 8
        answers = await asyncio.gather(*(stall.order(world, *pair) for pair in pairs))
        assert [answer.status_code for answer in answers] == [201] * 16
        assert await shared(world, stall) == (32, 0)
        await stall.books(world)


async def test_a_tier_added_later_shares_as_well(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        [first] = await stall.open(world, {"capacity": 10})
        await share(world, stall, 3)
        said = stall.tier(clock.now(), capacity=10)
        await world.hear(said)
        assert (await stall.order(world, (first, 2))).status_code == 201
        assert (await stall.order(world, (said.ticket_tier_id, 2))).status_code == 409
        assert (await stall.order(world, (said.ticket_tier_id, 1))).status_code == 201
        assert await shared(world, stall) == (3, 0)
        await stall.books(world)


async def test_what_is_shared_comes_back_with_orders_that_end_and_stays_with_those_paid(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 10})
        await share(world, stall, 6)
        paid, cancelled, expired = [await stall.placed(world, (tier, 2)) for _ in range(3)]
        await stall.end(world, await stall.pay(world, paid), "succeed")
        await world.post(f"/v1/orders/{cancelled['id']}/cancel", stall.buyer)
        assert await shared(world, stall) == (2, 2)
        clock.advance(HOLD)
        await stall.job(world, "expire-orders")
        assert await shared(world, stall) == (0, 2)
        assert (await stall.show(world, expired))["status"] == "expired"
        await stall.books(world)


async def test_a_late_payment_finds_the_shared_capacity_gone_and_takes_nothing(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        first, second = await stall.open(world, {"capacity": 10}, {"capacity": 10})
        await share(world, stall, 2)
        late = await stall.placed(world, (first, 2))
        payment = await stall.pay(world, late)
        clock.advance(HOLD)
        await stall.job(world, "expire-orders")
        await stall.placed(world, (second, 1))
        assert await money_comes(world, payment) != "complete"
        assert (await stall.show(world, late))["status"] != "paid"
        assert (await stall.stock(world, first), await shared(world, stall)) == ((0, 0), (1, 0))
        await stall.books(world)


async def test_a_shared_capacity_lowered_below_what_is_sold_leaves_tickets_valid_and_nothing_to_buy(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 9, of what tiers share; of one tier it is in test_changes_meanwhile."""
    async with run() as world:
        first, second = await stall.open(world, {"capacity": 10}, {"capacity": 10})
        order = await stall.placed(world, (first, 4))
        await stall.end(world, await stall.pay(world, order), "succeed")
        await share(world, stall, 3)
        shown = (await world.get(f"/v1/events/{stall.event_id}/availability")).json()["tiers"]
        assert [(tier["onSale"], tier["reason"], tier["left"]) for tier in shown] == [(False, "sold_out", 0)] * 2
        refused = await stall.order(world, (second, 1))
        assert (refused.status_code, refused.json()["event"]) == (409, {"wanted": 1, "left": 0})
        assert [each["live"] for each in (await stall.show(world, order))["lines"][0]["admissions"]] == [True] * 4
        await share(world, stall, None)
        assert (await stall.order(world, (second, 1))).status_code == 201
        assert await shared(world, stall) == (1, 4)
        await stall.books(world)


async def test_every_tier_is_told_sold_out_when_what_they_share_is_and_available_again_after(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        first, second = await stall.open(world, {"capacity": 100}, {"capacity": 100})
        await share(world, stall, 20)
        orders = [await stall.placed(world, (first, 10)) for _ in range(2)]
        await stall.job(world, "tell-availability")
        assert await words_of(world, second) == ["sold_out"]
        for order in orders:
            await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        await stall.job(world, "tell-availability")
        assert await words_of(world, first) == ["sold_out", "available"]
        assert await words_of(world, second) == ["sold_out", "available"]


async def words_of(world: Running, tier: TicketTierId) -> list[str]:
    """The words said of a tier, in their order."""
    said = [told for told in await world.said(TicketTierAvailabilityChanged) if told.ticket_tier_id == tier]
    return [told.availability for told in sorted(said, key=lambda told: told.sequence)]
