"""When the hold of an order ends while its buyer is at Stripe: nobody pays for a place that is gone."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from services.commerce.tests.fakes.steps import CHARGE
from services.commerce.tests.fakes.stripe import FakeStripe
from services.commerce.tests.fakes.stripe_shop import (
    begun,
    only,
    shop,
    tell_all,
)

from commerce.actions.expire_orders import expire_orders
from common.messages import PaymentFailed
from common.testing import FrozenClock, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def test_money_that_comes_after_the_order_expired_takes_the_late_way(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        session = only(stripe.sessions)["id"]
        stripe.pay(session, by="bank")
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        assert (await stall.show(world, order))["status"] == "expired"
        stripe.bank_decides(session, came=True)
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_a_hold_that_ends_ends_the_session_so_that_nobody_pays_late(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        assert only(stripe.sessions)["status"] == "expired"
        shown = await stall.show(world, order)
        assert (shown["status"], [each["status"] for each in shown["payments"]]) == ("expired", ["cancelled"])
        assert await world.said(PaymentFailed) == []


async def test_whoever_paid_in_the_last_second_keeps_the_places_although_nobody_told(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall, capacity=1)
        stripe.pay(only(stripe.sessions)["id"])
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_control_without_ending_it_first_another_buyer_gets_the_place_that_was_paid(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall, capacity=1)
        stripe.pay(only(stripe.sessions)["id"])
        clock.advance(timedelta(minutes=15))
        await expire_orders(world.database)
        assert (await stall.order(world, (order["lines"][0]["ticketTierId"], 1))).status_code == 201
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["status"] != "paid"


@pytest.mark.parametrize("moment", ["GET /v1/checkout/sessions/", "POST /v1/checkout/sessions/"])
async def test_paying_while_the_session_is_being_ended_never_ends_in_money_without_a_ticket(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock, moment: str
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall, capacity=1)
        session = only(stripe.sessions)

        def pay(call: str) -> None:
            if call.startswith(moment) and session["status"] == "open":
                stripe.pay(session["id"])

        stripe.meanwhile = pay
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_an_order_expires_although_stripe_is_away_and_the_session_is_ended_later(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        stripe.faults["GET /v1/checkout/sessions"] = ["down"]
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        assert (await stall.show(world, order))["status"] == "expired"
        assert only(stripe.sessions)["status"] == "open"
        clock.advance(timedelta(minutes=5))
        await stall.job(world, "check-payments")
        assert only(stripe.sessions)["status"] == "expired"
        assert [row["status"] for row in await world.rows("SELECT status FROM payments")] == ["cancelled"]


async def test_a_cancelled_orders_session_is_ended(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        assert (await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)).status_code == 200
        await stall.job(world, "check-payments")
        assert only(stripe.sessions)["status"] == "expired"
