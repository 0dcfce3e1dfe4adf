"""Payments and what happens beside them at the same moment, each with a control that fails when its guard is taken away."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from commerce.actions.check_invariants import check_invariants
from commerce.actions.expire_orders import expire_orders
from commerce.actions.settle_payment import settle_payment
from commerce.domain.payment import Payment, ProviderPayment
from commerce.domain.sale import Event
from commerce.errors import InvariantsBroken
from commerce.formats.webhook_signature import sign
from commerce.store import copies, orders, payments, webhooks
from commerce.tables import payment_webhooks
from common.db import Transaction
from common.ids import EventId, OrderId, TicketTierId
from common.messages import OrderCancelled, OrderExpired, OrderPaid
from common.testing import FrozenClock, Running, RunService, eventually

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

TRIALS = 10


async def test_payments_begun_at_once_are_one_payment(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        begun = await asyncio.gather(*(stall.pay(world, order) for _ in range(6)))
        assert len({payment["id"] for payment in begun}) == 1
        assert (await world.count("payments"), await world.count("sandbox_payments")) == (1, 1)


async def test_control_without_the_orders_lock_payments_begun_at_once_are_two(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)
    open_payment = payments.open_payment

    async def look_and_wait(tx: Transaction, order_id: OrderId, provider: str) -> Payment | None:
        seen = await open_payment(tx, order_id, provider)
        await both_looked.wait()
        return seen

    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        with monkeypatch.context() as without:
            without.setattr(orders, "lock_order", orders.find_order)
            without.setattr(payments, "open_payment", look_and_wait)
            begun = await asyncio.gather(*(stall.pay(world, order) for _ in range(2)))
        assert len({payment["id"] for payment in begun}) == 2


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


async def test_control_without_its_unique_key_a_notice_is_stored_as_often_as_it_comes(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = asyncio.Barrier(2)

    async def look_then_add(tx: Transaction, **notice: Any) -> bool:
        same = payment_webhooks.c.event_key == notice["event_key"]
        seen = await tx.one(select(payment_webhooks.c.id).where(same))
        await both_looked.wait()
        if seen is None:
            await tx.execute(insert(payment_webhooks).values(received_at=tx.now, next_attempt_at=tx.now, **notice))
        return seen is None

    monkeypatch.setattr(webhooks, "add_webhook", look_then_add)
    async with run() as world:
        with psycopg.connect(world.urls.superuser) as connection:
            connection.execute("ALTER TABLE payment_webhooks DROP CONSTRAINT uq_payment_webhooks_event_key")
        [tier] = await stall.open(world)
        order, told = await paid_at_provider(world, stall, tier)
        body = f'{{"id": "sbxevt_1", "payment": "{told.reference}"}}'.encode()
        headers = {"Sandbox-Signature": sign(body, "a-secret-for-the-tests", world.clock.now())}
        path = "/v1/payments/webhooks/sandbox"
        await asyncio.gather(*(world.post(path, content=body, headers=headers) for _ in range(2)))
        assert await world.count("payment_webhooks") == 2

        async def both_worked_off() -> bool:
            return await stall.told(world) == 2

        await eventually(both_worked_off)
        assert (await stall.show(world, order))["status"] == "paid"
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
            assert (await stall.show(world, order))["status"] == ("paid" if late_won else "expired")
            assert await stall.refunds(world, order) == ([] if late_won else [("done", 150_000)])
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
            assert status == ("paid" if outcome == "complete" else "cancelled")
            assert await stall.refunds(world, order) == ([] if outcome == "complete" else [("done", 150_000)])
            assert await stall.stock(world, tier) == (0, paid)
            await check_invariants(world.database)


async def test_cancelling_twice_and_expiring_at_once_give_the_places_back_once(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        for trial in range(1, TRIALS + 1):
            order = await stall.placed(world, (tier, 3))
            clock.advance(timedelta(minutes=15))
            path = f"/v1/orders/{order['id']}/cancel"
            await asyncio.gather(
                world.post(path, stall.buyer), expire_orders(world.database), world.post(path, stall.buyer)
            )
            assert await stall.stock(world, tier) == (0, 0)
            assert len(await world.said(OrderCancelled)) + len(await world.said(OrderExpired)) == trial
            await check_invariants(world.database)
