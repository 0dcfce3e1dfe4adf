"""Payments from the first call to the books."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.commerce.tests.fakes.steps import CHARGE
from sqlalchemy import text

from commerce.actions.check_invariants import check_invariants
from commerce.actions.settle_payment import settle_payment
from commerce.domain.payment import ProviderPayment
from commerce.errors import InvariantsBroken
from common.ids import OrderId, PaymentId
from common.messages import PaymentFailed
from common.money import Money
from common.testing import FrozenClock, Running, RunService, eventually, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Door, Stall

FORGET_THE_ANSWER = """
    UPDATE payments SET status = 'created', reference = NULL, checkout_url = NULL, next_check_at = created_at
"""


async def change(world: Running, statement: str, **values: object) -> None:
    """Change rows behind the service's back, as a crash or a provider would."""
    async with world.database.transaction() as tx:
        await tx.execute(text(statement), values)


ASIDE = ("unallocated", "provider_receivable", "unallocated", 150_000)


async def test_a_payment_that_succeeds_is_booked_once(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        assert await stall.books(world) == []
        await stall.end(world, await stall.pay(world, order), "succeed")
        assert await stall.books(world) == [CHARGE]


async def test_a_declined_payment_leaves_the_hold_and_may_be_tried_again(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        first = await stall.pay(world, order)
        await stall.end(world, first, "decline")
        [failed] = await world.said(PaymentFailed)
        assert (failed.status, failed.reason, failed.total.amount) == ("failed", "declined", 150_000)
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        assert await stall.stock(world, tier) == (1, 0)
        second = await stall.pay(world, order)
        assert second["id"] != first["id"]
        await stall.end(world, second, "succeed")
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_the_same_payment_may_succeed_after_it_was_declined(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await stall.end(world, payment, "decline")
        await stall.end(world, payment, "succeed")
        shown = await stall.show(world, order)
        assert (shown["status"], [each["status"] for each in shown["payments"]]) == ("paid", ["succeeded"])


async def test_an_abandoned_payment_is_cancelled_and_final(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await stall.end(world, payment, "abandon")
        assert [each["status"] for each in (await stall.show(world, order))["payments"]] == ["cancelled"]
        answer = await world.post(f"/v1/sandbox/payments/{payment['id']}", json={"outcome": "succeed"})
        assert (answer.status_code, answer.json()["code"]) == (409, "commerce.sandbox_payment_settled")


async def test_a_payment_under_way_is_handed_out_again(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        first, second = await stall.pay(world, order, key="a"), await stall.pay(world, order, key="b")
        assert first == second
        assert await world.count("payments") == 1


async def test_a_webhook_may_be_faster_than_the_answer_to_the_first_call(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await change(world, FORGET_THE_ANSWER)
        await stall.end(world, payment, "succeed")
        shown = await stall.show(world, order)
        assert (shown["status"], [each["status"] for each in shown["payments"]]) == ("paid", ["succeeded"])


async def test_an_intent_without_an_answer_is_taken_up_again_and_begins_nothing_twice(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await change(world, FORGET_THE_ANSWER)
        await stall.job(world, "check-payments")
        [resumed] = (await stall.show(world, order))["payments"]
        assert resumed == payment
        assert await world.count("sandbox_payments") == 1


async def test_a_webhook_that_never_came_is_made_good_by_asking(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        await stall.pay(world, order)
        await change(world, "UPDATE sandbox_payments SET status = 'succeeded'")
        clock.advance(timedelta(minutes=2))
        await stall.job(world, "check-payments")
        assert (await stall.show(world, order))["status"] == "paid"
        assert await world.count("payment_webhooks") == 0


async def test_the_sandbox_tells_again_until_it_is_heard(
    run: RunService, stall: "Stall", door: "Door", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        door.refusals = [503]
        await world.post(f"/v1/sandbox/payments/{payment['id']}", json={"outcome": "succeed"})

        async def refused() -> list[Any]:
            return list(await world.rows("SELECT 1 FROM sandbox_notices WHERE last_answer = '503'"))

        await eventually(refused)
        assert await world.count("payment_webhooks") == 0
        clock.advance(timedelta(seconds=1))

        async def paid() -> bool:
            return await stall.is_paid(world, order)

        await eventually(paid)
        assert len(door.passed) == 2


async def test_whose_order_it_is_decides_who_pays(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        path = f"/v1/orders/{order['id']}/payments"
        stranger = await world.post(path, principals.user(), key="a", json={"provider": "sandbox"})
        assert (stranger.status_code, stranger.json()["code"]) == (404, "commerce.unknown_order")
        for provider in ("stripe", "paystack"):
            unset = await world.post(path, stall.buyer, key=provider, json={"provider": provider})
            assert (unset.status_code, unset.json()["code"]) == (422, "commerce.provider_not_configured")
        unnamed = await world.post(path, stall.buyer, key="b", json={"provider": "cash"})
        assert (unnamed.status_code, unnamed.json()["code"]) == (422, "common.invalid_request")
        clock.advance(timedelta(minutes=15))
        late = await world.post(path, stall.buyer, key="c", json={"provider": "sandbox"})
        assert (late.status_code, late.json()["code"]) == (409, "commerce.reservation_over")
        assert await world.count("payments") == 0


async def test_where_the_sandbox_is_off_there_is_none(run: RunService, stall: "Stall") -> None:
    async with run(settings={"sandbox_payments": "off"}) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        path = f"/v1/orders/{order['id']}/payments"
        answer = await world.post(path, stall.buyer, key="a", json={"provider": "sandbox"})
        assert (answer.status_code, answer.json()["code"]) == (422, "commerce.provider_not_configured")
        payment = "pay_01jd0000000000000000000000"
        outcome = await world.post(f"/v1/sandbox/payments/{payment}", json={"outcome": "succeed"})
        page = await world.get(f"/sandbox/checkout/{payment}")
        webhook = await world.post("/v1/payments/webhooks/sandbox", content=b"{}")
        for refused in (outcome, page):
            assert (refused.status_code, refused.json()["code"]) == (404, "commerce.sandbox_off")
        assert (webhook.status_code, webhook.json()["code"]) == (404, "commerce.unknown_provider")
        assert (await world.count("payments"), await world.count("payment_webhooks")) == (0, 0)


async def test_the_invariants_notice_books_that_do_not_add_up(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        await stall.end(world, await stall.pay(world, order), "succeed")
        await check_invariants(world.database)
        for breaking, mending in (
            ("UPDATE stock SET held = 1", "UPDATE stock SET held = 0"),
            ("UPDATE stock SET sold = 0", "UPDATE stock SET sold = 1"),
            ("UPDATE payments SET status = 'failed'", "UPDATE payments SET status = 'succeeded'"),
            ("UPDATE orders SET total = 1", "UPDATE orders SET total = 150000"),
        ):
            await change(world, breaking)
            with pytest.raises(InvariantsBroken):
                await check_invariants(world.database)
            await change(world, mending)
        check = world.app.state.parts.commands["invariants:check"]
        nothing_wrong = {"stock": "adds up", "ledger": "adds up", "webhooks": "no gap", "documents": "no gap"}
        assert await check({}) == nothing_wrong


async def test_a_program_that_tries_again_and_again_is_stopped(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        for _ in range(20):
            await stall.end(world, await stall.pay(world, order), "abandon")
        path = f"/v1/orders/{order['id']}/payments"
        refused = await world.post(path, stall.buyer, key="one-more", json={"provider": "sandbox"})
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.too_many_payments")
        assert (await world.count("payments"), await world.count("sandbox_payments")) == (20, 20)
        assert await stall.stock(world, tier) == (1, 0)


async def test_one_provider_says_nothing_about_the_payments_of_another(run: RunService, stall: "Stall") -> None:
    """Whoever may name a payment in an account of theirs elsewhere must not pay one of ours with it."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = PaymentId((await stall.pay(world, order))["id"])
        [row] = await world.rows("SELECT reference FROM payments")
        told = ProviderPayment(
            reference=row["reference"],
            payment_id=payment,
            order_id=OrderId(order["id"]),
            status="succeeded",
            amount=Money(150_000, "NGN"),
        )
        async with world.database.transaction() as tx:
            assert await settle_payment(tx, "stripe", told) == "unknown payment"
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        assert (await stall.stock(world, tier), await stall.books(world)) == ((1, 0), [])
        async with world.database.transaction() as tx:
            assert await settle_payment(tx, "sandbox", told) == "complete"
