"""Tickets of a tier with plenty left are taken as their order commits, and what was held is sold as its payment commits: nobody
looks at the row that everybody wants."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import BigInteger, Select, bindparam, update

from commerce.actions import take_stock
from commerce.domain.order import Order
from commerce.domain.order import order as order_rules
from commerce.domain.stock import QuietWay, Stock
from commerce.store import event_capacity, orders
from commerce.store import stock as stocks
from commerce.tables import stock as stock_table
from common.db import Transaction
from common.ids import TicketTierId
from common.messages import MoneyPart, OrderPaid, OrderPlaced, TicketTierAvailabilityChanged
from common.postgres import expected
from common.testing import Running, RunService, principals
from common.testing.overhearing import round_trips
from common.testing.principals import fresh

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

POOL = {"database_pool_size": 20}


def looking_first(monkeypatch: pytest.MonkeyPatch, then: Callable[[], Awaitable[object]]) -> None:
    """Let something happen each time an order was decided on, and before anything is taken for it."""
    add = orders.add_order

    async def add_later(tx: Transaction, order: Order) -> None:
        await then()
        await add(tx, order)

    monkeypatch.setattr(orders, "add_order", add_later)


def once(what: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """Let it happen the first time only."""
    happened = False

    async def perhaps() -> None:
        nonlocal happened
        if not happened:
            happened = True
            await what()

    return perhaps


async def buy_at_once(world: Running, stall: "Stall", tier: TicketTierId, buyers: int) -> list[int]:
    """So many people ask for one ticket each, all at the same moment; the answers' statuses, in order."""
    people = [principals.user(f"buyer{number}@example.org") for number in range(buyers)]
    answers = await asyncio.gather(*(stall.order(world, (tier, 1), by=person) for person in people))
    assert {answer.json()["code"] for answer in answers if answer.status_code != 201} <= {"commerce.sold_out"}
    return sorted(answer.status_code for answer in answers)


async def words(world: Running, tier: TicketTierId) -> list[str]:
    """What was told of a tier, in the order of its numbers."""
    told = sorted(await world.said(TicketTierAvailabilityChanged), key=lambda message: message.sequence)
    return [message.availability for message in told if message.ticket_tier_id == tier]


async def test_the_stock_changes_in_the_round_trip_of_the_commit(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        with round_trips(monkeypatch) as trips:
            assert (await stall.order(world, (tier, 3))).status_code == 201
        [changing] = [trip for made in trips.values() for trip in made if any(b"UPDATE stock" in said for said in trip)]
        assert (b"UPDATE stock" in changing[-2], changing[-1]) == (True, b"COMMIT")
        assert await stall.stock(world, tier) == (3, 0)
        assert await words(world, tier) == []
        await stall.books(world)


async def test_of_forty_who_want_one_of_thirty_places_thirty_get_it_and_each_word_is_told_once(
    run: RunService, stall: "Stall"
) -> None:
    """Ticketing scenario 62, in small: the first are taken quietly, those near the end are not."""
    async with run(settings=POOL) as world:
        [tier] = await stall.open(world, {"capacity": 30})
        assert await buy_at_once(world, stall, tier, 40) == [201] * 30 + [409] * 10
        assert await stall.stock(world, tier) == (30, 0)
        assert await words(world, tier) == ["few", "sold_out"]
        assert (len(await world.said(OrderPlaced)), await world.count("orders")) == (30, 30)
        await stall.books(world)


async def fifteen_saw_ten_places(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> tuple[list[int], tuple[int, int]]:
    """Fifteen look at a tier of ten, and take their ticket once all have looked: their answers, and the stock."""
    everyone_looked = asyncio.Barrier(15)
    looked = 0

    async def wait_for_all() -> None:
        nonlocal looked
        looked += 1
        if looked <= 15:  # those who have to look again do not wait again
            await everyone_looked.wait()

    looking_first(monkeypatch, wait_for_all)
    async with run(settings=POOL) as world:
        [tier] = await stall.open(world, {"capacity": 10})
        answers = await buy_at_once(world, stall, tier, 15)
        return answers, await stall.stock(world, tier)


async def test_of_fifteen_who_saw_ten_places_ten_get_one(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, stock = await fifteen_saw_ten_places(run, stall, monkeypatch)
    assert (answers, stock) == ([201] * 10 + [409] * 5, (10, 0))


async def test_control_without_the_guard_in_the_quiet_change_it_oversells(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = update(stock_table).where(stock_table.c.ticket_tier_id == bindparam("key"))
    unguarded: dict[QuietWay, Select[tuple[int]]] = {
        "held": expected(mine.values(held=stock_table.c.held + bindparam("count", type_=BigInteger)))
    }

    def take(tx: Transaction, way: QuietWay, seen: Stock, count: int) -> None:
        tx.expect(unguarded[way], {"key": seen.ticket_tier_id, "count": count})

    monkeypatch.setattr(take_stock, "expect_quiet_move", take)
    answers, stock = await fifteen_saw_ten_places(run, stall, monkeypatch)
    assert (answers, stock) == ([201] * 15, (15, 0))


async def order_while(
    world: Running,
    stall: "Stall",
    monkeypatch: pytest.MonkeyPatch,
    wanted: tuple[TicketTierId, int],
    meanwhile: Callable[[], Awaitable[object]],
) -> Any:
    """Ask for tickets; between the look at what is left and the taking of it, something happens."""
    looking_first(monkeypatch, once(meanwhile))
    return await stall.order(world, wanted, key="one")


async def test_others_who_bought_nearly_all_of_it_meanwhile_make_it_few(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 20})
        others = principals.user("others@example.org")
        answer = await order_while(
            world, stall, monkeypatch, (tier, 5), lambda: stall.order(world, (tier, 10), by=others)
        )
        assert (answer.status_code, await stall.stock(world, tier)) == (201, (15, 0))
        assert await words(world, tier) == ["few"]
        again = await stall.order(world, (tier, 5), key="one")
        assert (again.content, again.headers["idempotency-replayed"]) == (answer.content, "true")
        assert (await world.count("orders"), len(await world.said(OrderPlaced))) == (2, 2)
        await stall.books(world)


async def test_what_is_done_again_uses_its_promo_code_once(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 20})
        promo = await stall.promo(world, maxUses=1)
        others = principals.user("others@example.org")
        looking_first(monkeypatch, once(lambda: stall.order(world, (tier, 10), by=others)))
        answer = await stall.order(world, (tier, 5), promoCode="EARLY")
        assert (answer.status_code, answer.json()["total"]["amount"]) == (201, 675_000)
        assert await stall.promo_counts(world, promo) == (1, 0, 75_000, 0)
        assert (await stall.stock(world, tier), await words(world, tier)) == ((15, 0), ["few"])
        await stall.books(world)


async def test_what_is_sold_at_the_door_and_done_again_is_booked_once(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world, {"capacity": 20})
        looking_first(monkeypatch, once(lambda: stall.order(world, (tier, 10))))
        lines = [{"ticketTierId": tier, "quantity": 5}]
        body = {"lines": lines, "payment": "cash", "buyer": {"email": "ada@example.org"}}
        path = f"/v1/events/{stall.event_id}/orders"
        answer = await world.post(path, stall.manager, key="door", json=body)
        assert (answer.status_code, answer.json()["status"]) == (201, "paid")
        assert (await stall.stock(world, tier), await words(world, tier)) == ((10, 5), ["few"])
        assert await stall.books(world) == [("door_charge", "door_receivable", "organiser_payable", 750_000)]
        assert len(await world.said(OrderPaid)) == 1


async def test_where_one_of_two_tiers_is_no_longer_as_it_was_seen_both_are_taken_with_a_look(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        first, second = sorted(await stall.open(world, {"capacity": 20}, {"capacity": 20}))
        others = principals.user("others@example.org")
        looking_first(monkeypatch, once(lambda: stall.order(world, (second, 10), by=others)))
        assert (await stall.order(world, (first, 3), (second, 5))).status_code == 201
        assert (await stall.stock(world, first), await stall.stock(world, second)) == ((3, 0), (15, 0))
        assert (await words(world, first), await words(world, second)) == ([], ["few"])
        await stall.books(world)


async def test_a_capacity_lowered_meanwhile_is_the_one_that_counts(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        smaller = stall.tier(world.clock.now(), ticket_tier_id=tier, capacity=8)
        answer = await order_while(world, stall, monkeypatch, (tier, 6), lambda: world.hear(smaller))
        assert (answer.status_code, await stall.stock(world, tier)) == (201, (6, 0))
        assert await words(world, tier) == ["few"]
        await stall.books(world)


async def test_a_capacity_lowered_below_the_order_refuses_it_and_nothing_of_it_stays(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        smaller = stall.tier(world.clock.now(), ticket_tier_id=tier, capacity=2)
        answer = await order_while(world, stall, monkeypatch, (tier, 3), lambda: world.hear(smaller))
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.sold_out")
        assert [(told["wanted"], told["left"]) for told in answer.json()["tiers"]] == [(3, 2)]
        assert (await stall.stock(world, tier), await world.count("orders")) == ((0, 0), 0)
        assert (await world.said(OrderPlaced), await world.count("idempotency_keys")) == ([], 0)
        await stall.books(world)


async def test_a_capacity_that_its_tiers_share_since_counts_this_order_too(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        answer = await order_while(world, stall, monkeypatch, (tier, 2), lambda: stall.sell_by(world, capacity=50))
        [together] = await world.rows("SELECT held, sold FROM event_capacity")
        assert (answer.status_code, await stall.stock(world, tier)) == (201, (2, 0))
        assert (together["held"], together["sold"]) == (2, 0)
        await stall.books(world)


async def test_who_waits_since_is_before_this_order(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        waits = "UPDATE stock SET waiting = 1 RETURNING waiting"
        answer = await order_while(world, stall, monkeypatch, (tier, 1), lambda: world.rows(waits))
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.sold_out")
        assert (await stall.stock(world, tier), await world.count("orders")) == ((0, 0), 0)


async def test_another_word_told_since_is_taken_back(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        told = "UPDATE stock SET word = 'few', version = 1 RETURNING word"
        answer = await order_while(world, stall, monkeypatch, (tier, 1), lambda: world.rows(told))
        assert (answer.status_code, await stall.stock(world, tier)) == (201, (1, 0))
        assert await words(world, tier) == ["available"]
        await stall.books(world)


async def crossed_wishes(run: RunService, stall: "Stall") -> list[int]:
    """Two orders name two tiers in opposite order, while somebody has the first tier's row: both wait for it, or one already
    has the second by then; the answers' statuses, in order."""
    async with run() as world:
        first, second = sorted(await stall.open(world, {}, {}))
        wishes = [((first, 1), (second, 1)), ((second, 1), (first, 1))]
        answers: list[asyncio.Task[Any]] = []
        async with world.database.transaction() as held:
            await stocks.lock_stock(held, [first])
            for wish in wishes:
                answers.append(asyncio.create_task(stall.order(world, *wish)))
                await world.locks_awaited(len(answers))
        return sorted(answer.status_code for answer in await asyncio.gather(*answers))


async def test_wishes_in_opposite_order_wait_in_one_line(run: RunService, stall: "Stall") -> None:
    assert await crossed_wishes(run, stall) == [201, 201]


async def test_control_without_one_order_of_locking_they_wait_for_each_other(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_rules, "in_lock_order", list)
    monkeypatch.setattr(take_stock, "in_lock_order", list)
    assert await crossed_wishes(run, stall) == [201, 503]


async def test_a_change_that_makes_an_order_free_waits_in_the_one_line_with_an_order_of_both_tiers(
    run: RunService, stall: "Stall"
) -> None:
    """It gives back the second tier and sells the first: were they locked in that order, the other order would wait for it and
    it for the other order."""
    async with run() as world:
        free, dear = sorted(TicketTierId(fresh(TicketTierId)) for _ in range(2))
        nothing = MoneyPart(amount=0, currency="NGN")
        await stall.open(world, {"ticket_tier_id": free, "price": nothing}, {"ticket_tier_id": dear})
        mixed = await stall.placed(world, (free, 1), (dear, 1))
        other = principals.user("other@example.org")
        headers = {"Idempotency-Key": "less", "If-Match": "*"}
        less: dict[str, Any] = {"json": {"lines": [{"ticketTierId": free, "quantity": 1}]}, "headers": headers}
        async with world.database.transaction() as held:
            await stocks.lock_stock(held, [free])
            ordering = asyncio.create_task(stall.order(world, (free, 1), (dear, 1), by=other))
            await world.locks_awaited(1)
            changing = asyncio.create_task(world.call("PUT", f"/v1/orders/{mixed['id']}/items", stall.buyer, **less))
            await world.locks_awaited(2)
        ordered, changed = await asyncio.gather(ordering, changing)
        assert (ordered.status_code, changed.status_code, changed.json()["status"]) == (201, 200, "paid")
        assert (await stall.stock(world, free), await stall.stock(world, dear)) == ((1, 1), (1, 0))
        await stall.books(world)


async def test_what_was_held_is_sold_in_the_round_trip_of_the_commit(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        payment = await stall.pay(world, await stall.placed(world, (tier, 3)))
        with round_trips(monkeypatch) as trips:
            await stall.end(world, payment, "succeed")
        [selling] = [trip for made in trips.values() for trip in made if any(b"UPDATE stock" in said for said in trip)]
        assert selling[-1] == b"COMMIT"
        assert await stall.stock(world, tier) == (0, 3)
        await stall.books(world)


async def test_a_sale_that_waited_while_its_tiers_began_to_share_is_counted_there_too(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        payment = await stall.pay(world, await stall.placed(world, (tier, 2)))
        async with world.database.transaction() as sharing:
            await stocks.lock_stock_of(sharing, stall.event_id)
            ending = asyncio.create_task(stall.end(world, payment, "succeed"))
            await world.locks_awaited()
            began = await event_capacity.set_capacity(sharing, stall.event_id, 50)
            assert (began.held, began.sold) == (2, 0)
        await ending
        [together] = await world.rows("SELECT held, sold FROM event_capacity")
        assert (together["held"], together["sold"]) == (0, 2)
        assert await stall.stock(world, tier) == (0, 2)
        await stall.books(world)
