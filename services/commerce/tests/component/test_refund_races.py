"""Refunds that happen at the same moment, each with a control that fails when its guard is taken away."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from commerce.actions.check_invariants import check_invariants
from commerce.actions.send_refunds import send_refunds
from commerce.domain.refunding import Pot
from commerce.errors import InvariantsBroken
from commerce.store import orders, payments, refunds
from common.db import Transaction
from common.ids import OrderId
from common.testing import Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PRICE = 150_000
TRIALS = 5
PART = {"amount": {"amount": 200_000, "currency": "NGN"}}


def all_look_first(monkeypatch: pytest.MonkeyPatch, count: int = 2) -> None:
    """Everyone reads the order and its money before anyone decides, and nobody locks."""
    everyone_looked = asyncio.Barrier(count)
    pots_of_order = refunds.pots_of_order

    async def look_and_wait(tx: Transaction, order_id: OrderId) -> list[Pot]:
        seen = await pots_of_order(tx, order_id)
        await everyone_looked.wait()
        return seen

    monkeypatch.setattr(orders, "lock_order", orders.find_order)
    monkeypatch.setattr(refunds, "pots_of_order", look_and_wait)


async def at_once(world: Running, stall: "Stall", order: dict[str, Any], count: int, **body: Any) -> Counter[int]:
    answers = await asyncio.gather(*(stall.refund(world, order, **body) for _ in range(count)))
    return Counter(answer.status_code for answer in answers)


async def test_refunds_at_once_never_exceed_what_was_paid(run: RunService, stall: "Stall") -> None:
    """Scenario 39."""
    async with run() as world:
        [tier] = await stall.open(world)
        for _ in range(TRIALS):
            order = await stall.paid(world, (tier, 2))
            assert await at_once(world, stall, order, 4, **PART) == {201: 1, 409: 3}
            assert await stall.refunds(world, order) == [("done", 200_000)]
        await check_invariants(world.database)


async def test_control_without_the_orders_lock_only_the_tables_constraint_stops_the_second_refund(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        with monkeypatch.context() as without:
            all_look_first(without)
            assert await at_once(world, stall, order, 2, **PART) == {201: 1, 500: 1}
        assert await world.count("refunds") == 1


async def test_control_without_lock_and_constraint_more_goes_back_than_was_paid(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count_nothing(tx: Transaction, order_id: OrderId, amount: int) -> None:
        await asyncio.sleep(0)

    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        with monkeypatch.context() as without:
            all_look_first(without)
            without.setattr(orders, "add_refunded", count_nothing)
            assert await at_once(world, stall, order, 2, **PART) == {201: 2}
        with pytest.raises(InvariantsBroken, match="400000 went back of 300000"):
            await check_invariants(world.database)


async def test_of_refunds_of_one_ticket_at_once_one_is_made(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        for trial in range(1, TRIALS + 1):
            order = await stall.paid(world, (tier, 2))
            line = {"lineId": order["lines"][0]["id"], "quantity": 1, "ordinals": [1]}
            assert await at_once(world, stall, order, 4, lines=[line]) == {201: 1, 409: 3}
            assert await stall.stock(world, tier) == (0, trial)
            assert await stall.refunds(world, order) == [("done", PRICE)]
        await check_invariants(world.database)


async def test_control_without_the_orders_lock_only_the_admissions_key_stops_the_second(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        line = {"lineId": order["lines"][0]["id"], "quantity": 1, "ordinals": [1]}
        with monkeypatch.context() as without:
            all_look_first(without)
            assert await at_once(world, stall, order, 2, lines=[line]) == {201: 1, 500: 1}
        assert await stall.refunds(world, order) == [("done", PRICE)]
        assert await stall.stock(world, tier) == (0, 1)


async def test_whole_refunds_at_once_give_everything_back_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 3))
        assert await at_once(world, stall, order, 6) == {201: 1, 409: 5}
        assert await stall.refunds(world, order) == [("done", 3 * PRICE)]
        assert await stall.stock(world, tier) == (0, 0)
        await check_invariants(world.database)


async def test_a_buyer_and_staff_who_give_back_at_once_give_back_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, cancellation={"hoursBefore": 1, "keptRate": 0})
        for _ in range(TRIALS):
            order = await stall.paid(world, (tier, 2))
            path = f"/v1/orders/{order['id']}/cancel"
            staff, *buyer = await asyncio.gather(
                stall.refund(world, order), *(world.post(path, stall.buyer) for _ in range(2))
            )
            assert (staff.status_code in (201, 409), [answer.status_code for answer in buyer]) == (True, [200, 200])
            assert await stall.refunds(world, order) == [("done", 2 * PRICE)]
            assert await stall.stock(world, tier) == (0, 0)
        await check_invariants(world.database)


async def test_senders_at_once_send_each_refund_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        amount = {"amount": 1_000, "currency": "NGN"}
        for _ in range(12):
            await stall.refunded(world, order, amount=amount)
        providers = world.app.state.payments.providers
        await asyncio.gather(*(send_refunds(world.database, providers) for _ in range(4)))
        assert await stall.refunds(world, order) == [("done", 1_000)] * 12
        [row] = await world.rows("SELECT count(*) AS n, count(DISTINCT key) AS keys FROM sandbox_refunds")
        assert (row["n"], row["keys"]) == (12, 12)
        await check_invariants(world.database)


async def test_control_without_the_key_a_refund_sent_twice_goes_back_twice(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        await stall.refunded(world, order, amount={"amount": 1_000, "currency": "NGN"})
        assert await stall.refunds(world, order) == [("done", 1_000)]
        sandbox = world.app.state.payments.sandbox
        async with world.database.transaction() as tx:
            [refund] = await refunds.refunds_of_order(tx, OrderId(order["id"]))
            assert refund.payment_id is not None
            payment = await payments.find_payment(tx, refund.payment_id)
        assert payment is not None
        again = await sandbox.refund(refund, payment)
        assert (again.reference, await world.count("sandbox_refunds")) == (refund.reference, 1)
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE sandbox_refunds SET key = NULL"))
        assert (await sandbox.refund(refund, payment)).reference != refund.reference
        assert await world.count("sandbox_refunds") == 2
