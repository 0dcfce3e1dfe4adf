"""Things that happen at the same moment, each with a control that fails when its guard is taken away."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from commerce.actions.check_invariants import check_invariants
from commerce.actions.expire_orders import expire_orders
from commerce.actions.settle_payment import settle_payment
from commerce.domain import order as order_rules
from commerce.domain.payment import ProviderPayment
from commerce.domain.sale import Event
from commerce.domain.stock import Stock
from commerce.errors import InvariantsBroken
from commerce.formats.webhook_signature import sign
from commerce.store import copies, orders
from commerce.store import stock as stocks
from commerce.tables import stock as stock_table
from common.db import Transaction
from common.ids import EventId, OrderId, TicketTierId
from common.messages import OrderExpired, OrderPaid, OrderPlaced
from common.testing import FrozenClock, Running, RunService, eventually, principals

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


async def test_control_without_the_guard_in_the_update_it_oversells(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone_looked = asyncio.Barrier(15)

    async def look_then_take(tx: Transaction, tier: TicketTierId, count: int) -> Stock | None:
        [seen] = (await stocks.read_stock(tx, [tier])).values()
        await everyone_looked.wait()
        if seen.left < count:
            return None
        mine = stock_table.c.ticket_tier_id == tier
        await tx.execute(update(stock_table).where(mine).values(held=stock_table.c.held + count))
        return seen

    monkeypatch.setattr(stocks, "take_held", look_then_take)
    async with run(settings={"database_pool_size": 15}) as world:
        [tier] = await stall.open(world, {"capacity": 10})
        assert await buy_at_once(world, stall, tier, 15) == [201] * 15
        assert await stall.stock(world, tier) == (15, 0)


async def test_orders_for_the_same_tiers_named_in_opposite_order_never_wait_for_each_other(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        first, second = await stall.open(world, {"capacity": 200}, {"capacity": 200})
        pairs = [((first, 1), (second, 1)), ((second, 1), (first, 1))] * 20
        answers = await asyncio.gather(*(stall.order(world, *pair) for pair in pairs))
        assert [answer.status_code for answer in answers] == [201] * 40
        assert (await stall.stock(world, first), await stall.stock(world, second)) == ((40, 0), (40, 0))


async def test_control_without_one_order_of_locking_they_wait_for_each_other_for_ever(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_one = asyncio.Barrier(2)
    take_held = stocks.take_held
    taken: set[Transaction] = set()

    async def take_and_wait_once(tx: Transaction, tier: TicketTierId, count: int) -> Stock | None:
        stock = await take_held(tx, tier, count)
        if tx not in taken:
            taken.add(tx)
            await both_have_one.wait()
        return stock

    monkeypatch.setattr(order_rules, "in_lock_order", list)
    monkeypatch.setattr(stocks, "take_held", take_and_wait_once)
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


async def test_payments_begun_at_once_are_one_payment(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        begun = await asyncio.gather(*(stall.pay(world, order) for _ in range(6)))
        assert len({payment["id"] for payment in begun}) == 1
        assert (await world.count("payments"), await world.count("sandbox_payments")) == (1, 1)


async def paid_at_provider(
    world: Running, stall: "Stall", tier: TicketTierId
) -> tuple[dict[str, Any], ProviderPayment]:
    """An order whose payment succeeded at the provider, and what the provider says of it."""
    order = await stall.placed(world, (tier, 1))
    payment = await stall.pay(world, order)
    sandbox = world.app.state.payments.sandbox
    async with world.database.transaction() as tx:
        await tx.execute(text("UPDATE sandbox_payments SET status = 'succeeded'"))
    [row] = await world.rows("SELECT reference FROM payments WHERE order_id = :id", id=uuid_of(order))
    told: ProviderPayment = await sandbox.fetch(row["reference"])
    assert told.payment_id == payment["id"]
    return order, told


def uuid_of(order: dict[str, Any]) -> object:
    return OrderId(order["id"]).uuid


async def settle(world: Running, told: ProviderPayment) -> str:
    async with world.database.transaction() as tx:
        return await settle_payment(tx, "sandbox", told)


async def test_a_notice_delivered_ten_times_at_once_has_one_effect(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order, told = await paid_at_provider(world, stall, tier)
        body = f'{{"id": "sbxevt_1", "payment": "{told.reference}"}}'.encode()
        headers = {"Sandbox-Signature": sign(body, "a-secret-for-the-tests", world.clock.now())}
        path = "/v1/payments/webhooks/sandbox"
        answers = await asyncio.gather(*(world.post(path, content=body, headers=headers) for _ in range(10)))
        assert [answer.status_code for answer in answers] == [200] * 10

        async def paid() -> bool:
            return await stall.is_paid(world, order)

        await eventually(paid)
        assert await world.count("payment_webhooks") == 1
        assert len(await world.said(OrderPaid)) == 1
        await check_invariants(world.database)


async def test_webhook_poller_and_page_may_settle_one_payment_at_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        _, told = await paid_at_provider(world, stall, tier)
        done = await asyncio.gather(*(settle(world, told) for _ in range(10)))
        assert sorted(done) == ["complete"] + ["nothing"] * 9
        assert len(await world.said(OrderPaid)) == 1
        assert await stall.stock(world, tier) == (0, 1)
        await check_invariants(world.database)


async def test_control_without_the_orders_lock_only_the_ledger_stops_a_second_fulfilment(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)
    find_event = copies.find_event

    async def wait_for_the_other(tx: Transaction, event_id: EventId) -> Event | None:
        await both_looked.wait()
        return await find_event(tx, event_id)

    async with run() as world:
        [tier] = await stall.open(world)
        _, told = await paid_at_provider(world, stall, tier)
        monkeypatch.setattr(orders, "lock_order", orders.find_order)
        monkeypatch.setattr(copies, "find_event", wait_for_the_other)
        done = await asyncio.gather(settle(world, told), settle(world, told), return_exceptions=True)
        refused = [outcome for outcome in done if isinstance(outcome, IntegrityError)]
        assert len(refused) == 1
        assert "uq_ledger_transfers_payment_once" in str(refused[0])


async def expire_in_the_middle_of_settling(
    world: Running, told: ProviderPayment, monkeypatch: pytest.MonkeyPatch
) -> int:
    """The expiry job runs after the order was read for its payment and before that is decided; how many it ended."""
    find_event = copies.find_event
    ended = 0

    async def expire_meanwhile(tx: Transaction, event_id: EventId) -> Event | None:
        nonlocal ended
        ended = await expire_orders(world.database)
        return await find_event(tx, event_id)

    monkeypatch.setattr(copies, "find_event", expire_meanwhile)
    assert await settle(world, told) == "complete"
    return ended


async def overdue_and_paid(
    world: Running, stall: "Stall", clock: FrozenClock
) -> tuple[TicketTierId, dict[str, Any], ProviderPayment]:
    """An order whose time ran out at the moment its money came; a later order still holds places of the same tier."""
    [tier] = await stall.open(world)
    order, told = await paid_at_provider(world, stall, tier)
    clock.advance(timedelta(minutes=14))
    await stall.placed(world, (tier, 5))
    clock.advance(timedelta(minutes=1))
    return tier, order, told


async def test_expiry_leaves_an_order_alone_whose_payment_is_being_settled(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(clock=clock) as world:
        tier, order, told = await overdue_and_paid(world, stall, clock)
        assert await expire_in_the_middle_of_settling(world, told, monkeypatch) == 0
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.stock(world, tier) == (5, 1)
        assert await world.said(OrderExpired) == []
        await check_invariants(world.database)


async def test_control_without_the_orders_lock_expiry_and_payment_break_the_books(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(clock=clock) as world:
        _, _, told = await overdue_and_paid(world, stall, clock)
        monkeypatch.setattr(orders, "lock_order", orders.find_order)
        assert await expire_in_the_middle_of_settling(world, told, monkeypatch) == 1
        with pytest.raises(InvariantsBroken):
            await check_invariants(world.database)


async def test_expiry_and_payment_at_once_end_in_a_paid_order_and_right_books(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        for trial in range(1, TRIALS + 1):
            order, told = await paid_at_provider(world, stall, tier)
            clock.advance(timedelta(minutes=15))
            await asyncio.gather(expire_orders(world.database), settle(world, told))
            assert (await stall.show(world, order))["status"] == "paid"
            assert await stall.stock(world, tier) == (0, trial)
            await check_invariants(world.database)


async def test_late_money_and_a_new_buyer_never_both_get_the_last_place(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        for tier in await stall.open(world, *({"capacity": 1} for _ in range(TRIALS))):
            order, told = await paid_at_provider(world, stall, tier)
            clock.advance(timedelta(minutes=15))
            await expire_orders(world.database)
            outcome, answer = await asyncio.gather(settle(world, told), stall.order(world, (tier, 1)))
            late_won = outcome == "complete"
            assert (answer.status_code, await stall.stock(world, tier)) == (
                (409, (0, 1)) if late_won else (201, (1, 0))
            )
            assert (await stall.show(world, order))["status"] == ("paid" if late_won else "review")
            await check_invariants(world.database)


async def test_cancelling_and_paying_at_once_never_loses_a_place_or_money(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        paid = 0
        for _ in range(TRIALS):
            order, told = await paid_at_provider(world, stall, tier)
            path = f"/v1/orders/{order['id']}/cancel"
            outcome, _ = await asyncio.gather(settle(world, told), world.post(path, stall.buyer))
            paid += outcome == "complete"
            status = (await stall.show(world, order))["status"]
            assert status == ("paid" if outcome == "complete" else "review")
            assert await stall.stock(world, tier) == (0, paid)
            await check_invariants(world.database)
