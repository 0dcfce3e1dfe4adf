"""Stripe after the card was shown: holds, refunds and disputes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from services.commerce.tests.fakes.steps import CHARGE, ask_back, send
from services.commerce.tests.fakes.stripe import FakeStripe
from services.commerce.tests.fakes.stripe_shop import begin, begun, only, shop, tell, tell_all
from sqlalchemy import text
from structlog.testing import capture_logs

from commerce.actions.carry_out_wanted import carry_out_wanted
from commerce.domain.payment import Payment, Wanted, wanting
from commerce.store import orders, payments
from common.ids import OrderId
from common.messages import OrderPaid
from common.testing import FrozenClock, Running, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


@asynccontextmanager
async def held(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> AsyncIterator[tuple[Running, dict[str, Any]]]:
    """An order for which a card is held."""
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE orders SET capture = 'manual'"))
        assert (await begin(world, stall, order)).status_code == 201
        stripe.pay(only(stripe.sessions)["id"])
        await tell_all(world, stripe)
        yield world, order


async def want(world: Running, order: dict[str, Any], wanted: Wanted) -> Payment:
    """Record the intent, as an approval does."""
    async with world.database.transaction() as tx:
        await orders.lock_order(tx, OrderId(order["id"]))
        [payment] = await payments.payments_of_order(tx, OrderId(order["id"]))
        assert payment.held_at is not None
        payments.save_payment(tx, wanting(payment, wanted))
        found = await payments.find_payment(tx, payment.id)
    assert found is not None
    return found


async def test_a_held_card_waits_for_approval_and_nothing_is_booked(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with held(run, stall, stripe, clock) as (world, order):
        assert only(stripe.intents)["status"] == "requires_capture"
        shown = await stall.show(world, order)
        assert (shown["status"], [each["status"] for each in shown["payments"]]) == ("awaiting_approval", ["pending"])
        clock.advance(timedelta(hours=1))
        await stall.job(world, "expire-orders")
        await stall.job(world, "check-payments")
        assert (await stall.show(world, order))["status"] == "awaiting_approval"
        assert await stall.books(world) == []


async def test_an_approved_order_takes_what_was_held_once(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with held(run, stall, stripe, clock) as (world, order):
        payment = await want(world, order, "capture")
        providers = world.app.state.payments.providers
        await asyncio.gather(*(carry_out_wanted(world.database, providers, payment) for _ in range(4)))
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["status"] == "paid"
        assert only(stripe.intents)["amount_received"] == 150_000
        assert await stall.books(world) == [CHARGE]
        assert len(await world.said(OrderPaid)) == 1


@pytest.mark.parametrize("fault", ["lost", "down"])
async def test_a_capture_without_an_answer_is_taken_up_again(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock, fault: str
) -> None:
    async with held(run, stall, stripe, clock) as (world, order):
        await want(world, order, "capture")
        stripe.faults["POST /v1/payment_intents"] = [fault]
        await stall.job(world, "check-payments")
        assert (await stall.show(world, order))["status"] == "awaiting_approval"
        clock.advance(timedelta(minutes=5))
        await stall.job(world, "check-payments")
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_a_declined_order_lets_go_of_the_card(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with held(run, stall, stripe, clock) as (world, order):
        payment = await want(world, order, "void")
        await carry_out_wanted(world.database, world.app.state.payments.providers, payment)
        assert (only(stripe.intents)["status"], only(stripe.intents)["amount_capturable"]) == ("canceled", 0)
        assert [row["status"] for row in await world.rows("SELECT status FROM payments")] == ["cancelled"]
        assert await stall.books(world) == []


async def test_a_card_held_for_an_order_that_is_over_is_let_go_of(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE orders SET capture = 'manual'"))
        await begin(world, stall, order)
        stripe.faults["GET /v1/checkout/sessions"] = ["down"]
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        stripe.pay(only(stripe.sessions)["id"])
        await tell_all(world, stripe)
        clock.advance(timedelta(minutes=5))
        await stall.job(world, "check-payments")
        assert only(stripe.intents)["status"] == "canceled"
        assert (await stall.show(world, order))["status"] == "expired"
        assert await stall.stock(world, tier) == (0, 0)
        assert await stall.books(world) == []


# Refunds: what commerce does with them is tested with the sandbox; here, what Stripe does.


async def paid(world: Running, stall: "Stall", stripe: FakeStripe) -> dict[str, Any]:
    order, _ = await begun(world, stall)
    stripe.pay(only(stripe.sessions)["id"])
    await tell_all(world, stripe)
    return order


async def statuses(world: Running) -> list[str]:
    return [row["status"] for row in await world.rows("SELECT status FROM refunds ORDER BY id")]


async def test_a_refund_goes_back_once(run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock) -> None:
    async with shop(run, stripe, clock) as world:
        order = await paid(world, stall, stripe)
        refund = await ask_back(world, stall, order)
        await send(world, clock)
        await tell_all(world, stripe)
        made = only(stripe.refunds)
        assert (made["amount"], made["metadata"]["refund_key"]) == (150_000, refund["id"])
        assert await statuses(world) == ["done"]
        assert (await stall.show(world, order))["status"] == "refunded"
        await stall.books(world)


async def test_a_refund_whose_answer_was_lost_is_found_and_not_made_twice(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order = await paid(world, stall, stripe)
        stripe.faults["POST /v1/refunds"] = ["lost"]
        await ask_back(world, stall, order)
        await send(world, clock)
        # Stripe forgets keys after a day, but not refunds.
        stripe._answers.clear()
        clock.advance(timedelta(days=1))
        await send(world, clock)
        assert (len(stripe.refunds), await statuses(world)) == (1, ["done"])
        await stall.books(world)


async def test_a_refund_made_in_stripes_dashboard_is_recorded_once(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    """Scenario 41."""
    async with shop(run, stripe, clock) as world:
        order = await paid(world, stall, stripe)
        stripe.refund_by_hand(only(stripe.intents)["id"], 50_000)
        for _ in range(2):
            await tell_all(world, stripe)
        rows = await world.rows("SELECT origin, amount, status FROM refunds")
        assert [(row["origin"], row["amount"], row["status"]) for row in rows] == [("external", 50_000, "done")]
        assert (await stall.show(world, order))["status"] == "partially_refunded"
        await stall.books(world)


async def test_more_than_came_is_refused_by_stripe_and_has_failed(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order = await paid(world, stall, stripe)
        await ask_back(world, stall, order)
        # Somebody was faster in the dashboard, and nobody told us yet.
        stripe.refund_by_hand(only(stripe.intents)["id"], 1)
        await send(world, clock)
        rows = await world.rows("SELECT status, failure FROM refunds")
        assert [(row["status"], row["failure"]) for row in rows] == [("failed", "charge_already_refunded")]
        assert len(stripe.refunds) == 1


async def test_a_refund_refused_because_it_was_done_in_the_dashboard_is_done(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    """Nobody need have told us of it: the refused call asks how the payment stands."""
    async with shop(run, stripe, clock) as world:
        order = await paid(world, stall, stripe)
        await ask_back(world, stall, order)
        stripe.refund_by_hand(only(stripe.intents)["id"], 150_000)
        with capture_logs() as logs:
            await send(world, clock)
        assert [entry for entry in logs if "ALARM" in entry["event"]] == []
        assert (await statuses(world), len(stripe.refunds)) == (["done"], 1)
        books = await stall.books(world)
        for _ in range(2):
            await tell_all(world, stripe)
        assert (await stall.books(world), await statuses(world)) == (books, ["done"])


async def test_a_dispute_marks_the_order_and_its_end_clears_it(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order = await paid(world, stall, stripe)
        dispute = stripe.dispute(only(stripe.intents)["id"])
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["disputed"] is True
        stripe.close_dispute(dispute, "won")
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["disputed"] is False
        await stall.books(world)


async def test_a_notice_of_a_refund_is_no_more_believed_than_any(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order = await paid(world, stall, stripe)
        claim = {"id": "re_1", "payment_intent": only(stripe.intents)["id"], "amount": 150_000, "status": "succeeded"}
        assert (await tell(world, stripe, stripe.event("refund.created", claim))).status_code == 200
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_a_refund_off_stripes_steps_is_refused_and_nothing_changes(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    """Scenario 36."""
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall, price={"amount": 10_000, "currency": "KWD"})
        stripe.pay(only(stripe.sessions)["id"])
        await tell_all(world, stripe)
        finance = principals.member_of(stall.organization_id, "finance")
        wish = {"reason": "some of it", "amount": {"amount": 5_124, "currency": "KWD"}}
        path = f"/v1/orders/{order['id']}/refunds"
        answer = await world.post(path, finance, key=uuid4().hex, json=wish)
        assert (answer.status_code, answer.json()["code"]) == (422, "commerce.refund_off_the_steps")
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/amount"]
        assert await world.count("refunds") == 0
        exact = {**wish, "amount": {"amount": 5_120, "currency": "KWD"}}
        assert (await world.post(path, finance, key=uuid4().hex, json=exact)).status_code == 201
        await send(world, clock)
        assert (only(stripe.refunds)["amount"], await statuses(world)) == (5_120, ["done"])


async def test_what_is_left_of_a_share_that_is_kept_goes_back_on_stripes_steps(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    """A tenth of 12.340 dinars is 1.234, and Stripe sends back nothing that ends in 6: the buyer has the odd rest."""
    async with shop(run, stripe, clock) as world:
        tier = stall.tier(world.clock.now(), price={"amount": 12_340, "currency": "KWD"})
        await world.hear(stall.event(world.clock.now(), currency="KWD"), tier)
        await stall.sell_by(world, cancellation={"hoursBefore": 48, "keptRate": 10_000})
        order = await stall.placed(world, (tier.ticket_tier_id, 1))
        assert (await begin(world, stall, order)).status_code == 201
        stripe.pay(only(stripe.sessions)["id"])
        await tell_all(world, stripe)
        assert (await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)).status_code == 200
        assert await stall.refunds(world, order) == [("done", 11_110)]
        await stall.books(world)
