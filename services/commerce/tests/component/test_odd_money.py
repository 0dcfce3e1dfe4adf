"""Money that comes late, twice, in another amount, or for what was called off: never lost, and never a ticket too many."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from common.messages import OrderPaid, PaymentReviewNeeded
from common.testing import FrozenClock, Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def change(world: Running, statement: str, **values: object) -> None:
    """Change rows behind the service's back, as a crash or a provider would."""
    async with world.database.transaction() as tx:
        await tx.execute(text(statement), values)


CHARGE = ("charge", "provider_receivable", "organiser_payable", 150_000)
ASIDE = ("unallocated", "provider_receivable", "unallocated", 150_000)


async def test_two_payments_that_both_succeed_leave_the_order_paid_and_the_surplus_aside(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        first = await stall.pay(world, order)
        await stall.end(world, first, "decline")
        await stall.end(world, await stall.pay(world, order), "succeed")
        await stall.end(world, first, "succeed")
        shown = await stall.show(world, order)
        assert (shown["status"], [each["status"] for each in shown["payments"]]) == ("paid", ["succeeded"] * 2)
        [review] = await world.said(PaymentReviewNeeded)
        assert (review.payment_id, review.reason) == (first["id"], "paid_twice")
        assert len(await world.said(OrderPaid)) == 1
        assert await stall.stock(world, tier) == (0, 1)
        assert await stall.books(world) == [CHARGE, ASIDE]


@pytest.mark.parametrize(
    ("wrong", "reason", "amount"),
    [
        ("amount = 149999", "other_amount", 149_999),
        ("amount = 150001", "other_amount", 150_001),
        ("currency = 'USD'", "other_currency", 150_000),
        ("order_id = gen_random_uuid()", "other_order", 150_000),
    ],
)
async def test_money_that_does_not_fit_the_order_fulfils_nothing_and_is_not_lost(
    run: RunService, stall: "Stall", wrong: str, reason: str, amount: int
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await change(world, f"UPDATE sandbox_payments SET {wrong}")
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "review"
        [review] = await world.said(PaymentReviewNeeded)
        assert (review.status, review.reason) == ("succeeded", reason)
        assert await world.said(OrderPaid) == []
        assert await stall.stock(world, tier) == (1, 0)
        assert await stall.books(world) == [("unallocated", "provider_receivable", "unallocated", amount)]


async def test_late_money_completes_the_order_while_places_are_left(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 1})
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.stock(world, tier) == (0, 1)
        [paid] = await world.said(OrderPaid)
        assert (paid.sequence, [part.live for part in paid.admissions]) == (3, [True])
        assert await stall.books(world) == [CHARGE]


async def test_late_money_without_places_waits_for_a_person(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        scarce, plenty = await stall.open(world, {"capacity": 1}, {"price": None})
        order = await stall.placed(world, (plenty, 1), (scarce, 1))
        payment = await stall.pay(world, order)
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        await stall.placed(world, (scarce, 1))
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "review"
        [review] = await world.said(PaymentReviewNeeded)
        assert review.reason == "late_and_sold_out"
        assert (await stall.stock(world, scarce), await stall.stock(world, plenty)) == ((1, 0), (0, 0))
        assert await stall.books(world) == [ASIDE]


async def test_money_for_a_cancelled_order_waits_for_a_person(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "review"
        assert [review.reason for review in await world.said(PaymentReviewNeeded)] == ["order_was_cancelled"]
        assert await stall.stock(world, tier) == (0, 0)
        assert await stall.books(world) == [ASIDE]


async def test_money_for_a_cancelled_event_waits_for_a_person_and_no_new_payment_begins(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order, other = await stall.placed(world, (tier, 1)), await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await world.hear(stall.event(clock.now(), status="cancelled"))
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "review"
        path = f"/v1/orders/{other['id']}/payments"
        refused = await world.post(path, stall.buyer, key="k", json={"provider": "sandbox"})
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.event_not_on_sale")
        assert await world.count("payments") == 1
