"""What changes while orders are open: capacity, the tier, the event, other payments."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from commerce.actions.check_invariants import check_invariants
from commerce.actions.expire_orders import expire_orders
from common.messages import OrderPlaced, PaymentFailed, PaymentReviewNeeded
from common.testing import FrozenClock, Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

HOLD = timedelta(minutes=15)


async def pay_unheard(world: Running) -> None:
    """The buyer paid at the provider, and nobody has told us yet: what is paid cannot be called back."""
    async with world.database.transaction() as tx:
        await tx.execute(text("UPDATE sandbox_payments SET status = 'succeeded'"))


async def test_a_hold_is_honoured_below_a_lowered_capacity_and_frees_nothing_when_it_ends(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Ticketing scenario 9, of one tier; of what tiers share it is in test_stock_scenarios."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 4})
        kept, left = await stall.placed(world, (tier, 2)), await stall.placed(world, (tier, 2))
        payment = await stall.pay(world, kept)
        await world.hear(stall.tier(clock.now(), ticket_tier_id=tier, capacity=2))
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, kept))["status"] == "paid"
        assert (await world.post(f"/v1/orders/{left['id']}/cancel", stall.buyer)).json()["status"] == "cancelled"
        assert await stall.stock(world, tier) == (0, 2)
        assert (await stall.order(world, (tier, 1))).json()["code"] == "commerce.sold_out"
        await world.hear(stall.tier(clock.now(), ticket_tier_id=tier, capacity=1))
        assert [each["live"] for each in (await stall.show(world, kept))["lines"][0]["admissions"]] == [True, True]
        [shown] = (await world.get(f"/v1/events/{stall.event_id}/availability")).json()["tiers"]
        assert (shown["onSale"], shown["reason"], shown["left"]) == (False, "sold_out", 0)
        await world.hear(stall.tier(clock.now(), ticket_tier_id=tier, capacity=3))
        assert (await stall.order(world, (tier, 1))).status_code == 201
        await check_invariants(world.database)


@pytest.mark.parametrize("late", [False, True])
async def test_whoever_reserved_before_a_tier_was_retired_may_still_pay_for_it(
    run: RunService, stall: "Stall", clock: FrozenClock, late: bool
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await world.hear(stall.tier(clock.now(), ticket_tier_id=tier, retired=True))
        if late:
            await pay_unheard(world)
            clock.advance(HOLD)
            await expire_orders(world.database)
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.stock(world, tier) == (0, 1)
        assert (await stall.order(world, (tier, 1))).json()["reason"] == "retired"


async def test_no_payment_begins_for_an_event_that_is_over_and_money_on_its_way_in_time_counts(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        paying, waiting = await stall.placed(world, (tier, 1)), await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, paying)
        await world.hear(stall.event(clock.now(), ends_at=clock.now() + timedelta(minutes=1)))
        clock.advance(timedelta(minutes=1))
        path = f"/v1/orders/{waiting['id']}/payments"
        refused = await world.post(path, stall.buyer, key="k", json={"provider": "sandbox"})
        assert (refused.status_code, refused.json()["reason"]) == (409, "event_over")
        assert await world.count("payments") == 1
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, paying))["status"] == "paid"


async def test_money_that_comes_after_hold_and_event_buys_nothing_and_waits_for_a_person(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await stall.sell_by(world, latePayment="complete_or_review")
        await world.hear(stall.event(clock.now(), ends_at=clock.now() + HOLD))
        await pay_unheard(world)
        clock.advance(HOLD)
        await expire_orders(world.database)
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "review"
        assert [review.reason for review in await world.said(PaymentReviewNeeded)] == ["event_over"]
        assert await stall.stock(world, tier) == (0, 0)
        await check_invariants(world.database)


async def test_every_change_of_an_order_is_told_under_its_own_number(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await stall.sell_by(world, latePayment="complete_or_review")
        await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        await stall.end(world, payment, "succeed")
        told = await world.rows(
            "SELECT sequence, type FROM outbox WHERE aggregate_id = :id ORDER BY position", id=order["id"]
        )
        assert [(row["sequence"], row["type"]) for row in told] == [
            (1, "order.placed.v1"),
            (2, "order.cancelled.v1"),
            (3, "order.placed.v1"),
        ]
        last = (await world.said(OrderPlaced))[-1]
        assert (last.status, [part.live for part in last.admissions]) == ("review", [False])


async def test_nobody_is_told_to_try_again_when_another_payment_was_faster(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        first = await stall.pay(world, order)
        await stall.end(world, first, "decline")
        second = await stall.pay(world, order)
        await stall.end(world, first, "succeed")
        await stall.end(world, second, "abandon")
        shown = await stall.show(world, order)
        assert (shown["status"], [each["status"] for each in shown["payments"]]) == ("paid", ["succeeded", "cancelled"])
        assert [failed.payment_id for failed in await world.said(PaymentFailed)] == [first["id"]]


async def test_a_payment_that_fails_after_the_hold_is_noted_and_not_told(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        clock.advance(HOLD)
        await stall.job(world, "expire-orders")
        await stall.end(world, payment, "abandon")
        shown = await stall.show(world, order)
        assert (shown["status"], shown["payments"][0]["status"]) == ("expired", "cancelled")
        assert await world.said(PaymentFailed) == []


async def test_a_success_without_money_leaves_the_order_waiting_and_the_books_right(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        async with world.database.transaction() as tx:
            await tx.connection.exec_driver_sql("UPDATE sandbox_payments SET amount = 0")
        await stall.end(world, payment, "succeed")
        shown = await stall.show(world, order)
        assert (shown["status"], shown["payments"][0]["reason"]) == ("awaiting_payment", "nothing_was_paid")
        await check_invariants(world.database)
