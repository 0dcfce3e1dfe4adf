"""A cancelled event: every order is refunded, each once, however often the work is stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from commerce.actions import refund_cancelled_events as runs
from commerce.actions.check_invariants import check_invariants
from commerce.actions.refund_cancelled_events import refund_cancelled_events
from commerce.domain.order import Order
from commerce.domain.refund_run import RefundRun
from commerce.domain.refunding import Pot
from commerce.store import orders, refund_runs, refunds
from common.db import Transaction
from common.ids import EventId, OrderId
from common.money import Money
from common.testing import Running, RunService, eventually, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PRICE = 150_000
MANY = 120

CLONE = """
WITH new AS MATERIALIZED (
    SELECT gen_random_uuid() AS o, gen_random_uuid() AS l, gen_random_uuid() AS p FROM generate_series(1, :count)),
made AS (INSERT INTO orders SELECT (jsonb_populate_record(one, jsonb_build_object('id', o, 'page_token',
    o || '-a-page-token'))).* FROM orders AS one CROSS JOIN new WHERE one.id = :id),
lines AS (INSERT INTO order_lines SELECT (jsonb_populate_record(one, jsonb_build_object('id', l, 'order_id', o))).*
    FROM order_lines AS one CROSS JOIN new WHERE one.order_id = :id),
people AS (INSERT INTO admissions SELECT (jsonb_populate_record(one, jsonb_build_object('line_id', l))).*
    FROM admissions AS one JOIN order_lines ON line_id = order_lines.id CROSS JOIN new WHERE order_id = :id),
paid AS (INSERT INTO payments SELECT (jsonb_populate_record(one, jsonb_build_object('id', p, 'order_id', o, 'reference',
    'sbx_' || p))).* FROM payments AS one CROSS JOIN new WHERE one.order_id = :id),
booked AS (INSERT INTO ledger_transfers
    (order_id, payment_id, organization_id, provider, kind, debit, credit, amount, currency, made_at)
    SELECT o, p, organization_id, provider, kind, debit, credit, amount, currency, made_at
    FROM ledger_transfers AS one CROSS JOIN new WHERE one.order_id = :id),
there AS (INSERT INTO sandbox_payments SELECT (jsonb_populate_record(one, jsonb_build_object('id', 'sbx_' || p,
    'payment_id', p, 'order_id', o))).* FROM sandbox_payments AS one CROSS JOIN new WHERE one.order_id = :id),
together AS (UPDATE event_capacity SET sold = sold + :count)
UPDATE stock SET sold = sold + :count
"""


@asynccontextmanager
async def by_hand(world: Running) -> AsyncIterator[None]:
    """The job on its interval stays away: it finds itself running already."""
    async with world.database.connection() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(hashtext('lanyard job refund-cancelled-events'))"))
        yield


async def sold_so_often(world: Running, stall: "Stall", count: int) -> dict[str, Any]:
    """An order of one ticket, paid, and as many more just like it."""
    [tier] = await stall.open(world, {"capacity": count})
    order = await stall.paid(world, (tier, 1))
    async with world.database.transaction() as tx:
        await tx.execute(text(CLONE), {"id": OrderId(order["id"]).uuid, "count": count - 1})
    await check_invariants(world.database)
    return order


async def cancel(world: Running, stall: "Stall") -> None:
    await world.hear(stall.event(world.clock.now(), status="cancelled"))


async def progress(world: Running, stall: "Stall") -> dict[str, Any]:
    staff = principals.member_of(stall.organization_id, "manager")
    answer = await world.get(f"/v1/events/{stall.event_id}/refund-run", staff)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def all_sent(world: Running, stall: "Stall", within: float = 60.0) -> dict[str, Any]:
    async def done() -> dict[str, Any] | None:
        shown = await progress(world, stall)
        return shown if shown["status"] == "done" else None

    return await eventually(done, within=within, what="every refund being sent") or {}


class Crash(BaseException):
    """The process dies."""


async def test_every_order_of_a_cancelled_event_is_refunded_once_whatever_stops_the_work(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario 46."""
    refund = runs._refund
    after = iter([7, 30, 41, 25])

    def dying() -> Any:
        left = next(after)

        async def refund_until(tx: Transaction, of: RefundRun, order_id: OrderId) -> bool:
            nonlocal left
            left -= 1
            done = await refund(tx, of, order_id)
            if left == 0:
                raise Crash
            return done

        return refund_until

    async with run() as world, by_hand(world):
        await sold_so_often(world, stall, MANY)
        await cancel(world, stall)
        for _ in range(4):
            with monkeypatch.context() as crashing:
                crashing.setattr(runs, "_refund", dying())
                with pytest.raises(Crash):
                    await refund_cancelled_events(world.database)
        await refund_cancelled_events(world.database)
        await refund_cancelled_events(world.database)
        shown = await all_sent(world, stall)
        assert (shown["refunded"], shown["left"], shown["refundsDone"]) == (MANY, 0, MANY)
        assert shown["amounts"] == [{"amount": MANY * PRICE, "currency": "NGN"}]
        [row] = await world.rows(
            "SELECT count(*) AS n, count(DISTINCT payment) AS payments, sum(amount) AS amount FROM sandbox_refunds"
        )
        assert (row["n"], row["payments"], row["amount"]) == (MANY, MANY, MANY * PRICE)
        await check_invariants(world.database)


async def test_control_without_looking_at_the_order_only_the_origins_key_stops_a_second_refund(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    def every(order: Order) -> bool:
        return True

    async def part(tx: Transaction, order_id: OrderId) -> list[Pot]:
        return [replace(pot, left=Money(100, "NGN")) for pot in await pots_of_order(tx, order_id)]

    pots_of_order = refunds.pots_of_order
    async with run() as world, by_hand(world):
        order = await sold_so_often(world, stall, 1)
        monkeypatch.setattr(runs, "_is_to_be_refunded", every)
        monkeypatch.setattr(refunds, "pots_of_order", part)
        await cancel(world, stall)
        await refund_cancelled_events(world.database)
        again = [OrderId(order["id"])]
        assert [await runs._refund_next(world.database, stall.event_id, each) for each in again] == [False]
        assert await world.count("refunds") == 1
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE refunds SET origin_key = NULL"))
        assert [await runs._refund_next(world.database, stall.event_id, each) for each in again] == [True]
        assert await world.count("refunds") == 2


async def test_used_tickets_and_free_orders_go_back_too_and_a_bank_is_waited_for(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world, by_hand(world):
        paid_tier, free_tier = await stall.open(world, {}, {"price": None})
        used, disputed = await stall.paid(world, (paid_tier, 1)), await stall.paid(world, (paid_tier, 1))
        free = (await stall.order(world, (free_tier, 2))).json()
        await stall.used(world, used, 1)
        sandbox = world.app.state.payments.sandbox
        await sandbox.dispute(disputed["payments"][0]["id"], "open")

        async def frozen() -> bool:
            return bool((await stall.show(world, disputed))["disputed"])

        await eventually(frozen)
        await cancel(world, stall)
        await refund_cancelled_events(world.database)
        await refund_cancelled_events(world.database)
        assert [(await stall.show(world, each))["status"] for each in (used, free, disputed)] == [
            "refunded",
            "refunded",
            "paid",
        ]
        shown = await all_sent(world, stall)
        assert (shown["refunded"], shown["left"], shown["disputed"]) == (2, 0, 1)
        await check_invariants(world.database)


async def test_fees_are_kept_where_that_was_said_before(run: RunService, stall: "Stall") -> None:
    """Scenario 46: fees kept as configured."""
    async with run() as world, by_hand(world):
        [tier] = await stall.open(world)
        fee = {"currency": "NGN", "perOrder": 5_000, "perTicket": 1_000}
        await stall.sell_by(world, serviceFee=fee, refundKeepsFees=True)
        order = await stall.paid(world, (tier, 2))
        assert order["total"]["amount"] == 2 * PRICE + 7_000
        await cancel(world, stall)
        await refund_cancelled_events(world.database)
        assert await stall.refunds(world, order) == [("done", 2 * PRICE)]
        assert (await progress(world, stall))["feesKept"] is True
        await check_invariants(world.database)


async def test_an_order_that_cannot_be_refunded_keeps_no_other_waiting(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world, by_hand(world):
        await sold_so_often(world, stall, 5)
        poisoned = (await world.rows("SELECT id FROM orders ORDER BY id LIMIT 1 OFFSET 2"))[0]["id"]
        lock_order = orders.lock_order

        async def breaking(tx: Transaction, order_id: OrderId) -> Order | None:
            if order_id.uuid == poisoned:
                raise ConnectionResetError("the line went dead")
            return await lock_order(tx, order_id)

        await cancel(world, stall)
        with monkeypatch.context() as faulty:
            faulty.setattr(orders, "lock_order", breaking)
            assert await refund_cancelled_events(world.database) == 4
        assert (await progress(world, stall))["left"] == 1
        assert await refund_cancelled_events(world.database) == 1
        assert await refund_cancelled_events(world.database) == 0
        await all_sent(world, stall)
        await check_invariants(world.database)


async def test_runs_at_once_refund_each_order_once(run: RunService, stall: "Stall") -> None:
    async with run() as world, by_hand(world):
        await sold_so_often(world, stall, 20)
        await cancel(world, stall)
        await asyncio.gather(*(refund_cancelled_events(world.database) for _ in range(4)))
        await refund_cancelled_events(world.database)
        assert (await all_sent(world, stall))["refundsDone"] == 20
        assert (await world.count("refunds"), await world.count("sandbox_refunds")) == (20, 20)
        await check_invariants(world.database)


async def test_a_run_that_others_took_on_is_left_to_them_and_no_order_is_passed_over(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world, by_hand(world):
        await sold_so_often(world, stall, 3)
        await cancel(world, stall)
        lock, looks = refund_runs.lock_run, 0

        async def taken_at_the_second_order(tx: Transaction, event_id: EventId) -> RefundRun | None:
            nonlocal looks
            looks += 1
            return None if looks == 3 else await lock(tx, event_id)

        with monkeypatch.context() as taken:
            taken.setattr(refund_runs, "lock_run", taken_at_the_second_order)
            assert await refund_cancelled_events(world.database) == 1
        assert (await progress(world, stall))["left"] == 2
        assert await refund_cancelled_events(world.database) == 2
        assert (await progress(world, stall))["left"] == 0


async def test_only_staff_see_how_far_it_is(run: RunService, stall: "Stall") -> None:
    async with run() as world, by_hand(world):
        await stall.open(world)
        path = f"/v1/events/{stall.event_id}/refund-run"
        staff = principals.member_of(stall.organization_id, "finance")
        assert (await world.get(path, staff)).json()["code"] == "commerce.no_refund_run"
        await cancel(world, stall)
        foreign = principals.member_of(principals.fresh(type(stall.organization_id)), "owner")
        answers = [await world.get(path, person) for person in (staff, foreign, stall.buyer)]
        assert [answer.status_code for answer in answers] == [200, 404, 404]
