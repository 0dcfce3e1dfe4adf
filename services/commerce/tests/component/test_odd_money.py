"""Money that comes late, twice, in another amount, or for what was called off: never lost, and never a ticket too many."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from services.commerce.tests.fakes.steps import CHARGE
from sqlalchemy import text

from commerce.actions.expire_orders import expire_orders
from common.messages import OrderPaid, PaymentReviewNeeded
from common.testing import FrozenClock, Running, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def change(world: Running, statement: str, **values: object) -> None:
    """Change rows behind the service's back, as a crash or a provider would."""
    async with world.database.transaction() as tx:
        await tx.execute(text(statement), values)


PAID_UNHEARD = "UPDATE sandbox_payments SET status = 'succeeded'"
"""The buyer paid at the provider, and nobody has told us yet."""


ASIDE = ("unallocated", "provider_receivable", "unallocated", 150_000)
BACK = [
    ("refund_due", "unallocated", "refunds_due", 150_000),
    ("refund_sent", "refunds_due", "provider_receivable", 150_000),
]


async def test_two_payments_that_both_succeed_leave_the_order_paid_and_the_surplus_goes_back(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 25."""
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
        assert await stall.refunds(world, order) == [("done", 150_000)]
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE, ASIDE, *BACK]


async def test_a_surplus_that_a_person_looks_at_goes_back_with_one_call(run: RunService, stall: "Stall") -> None:
    """Scenario 25, where the event's policy is to ask."""
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, latePayment="complete_or_review")
        order = await stall.placed(world, (tier, 1))
        first = await stall.pay(world, order)
        await stall.end(world, first, "decline")
        await stall.end(world, await stall.pay(world, order), "succeed")
        await stall.end(world, first, "succeed")
        assert await stall.refunds(world, order) == []
        assert await stall.books(world) == [CHARGE, ASIDE]
        staff = principals.member_of(stall.organization_id, "finance")
        path, reason = f"/v1/orders/{order['id']}/review", "they paid twice"
        complete = await world.post(path, staff, json={"decision": "complete", "reason": reason})
        assert (complete.status_code, complete.json()["code"]) == (409, "commerce.not_in_review")
        sent = await world.post(path, staff, json={"decision": "refund", "reason": reason})
        assert (sent.status_code, sent.json()["status"]) == (200, "paid")
        assert await stall.refunds(world, order) == [("done", 150_000)]
        assert await stall.books(world) == [CHARGE, ASIDE, *BACK]
        again = await world.post(path, staff, json={"decision": "refund", "reason": reason})
        assert again.status_code == 409


async def test_a_surplus_goes_back_with_the_whole_order(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, latePayment="complete_or_review")
        order = await stall.placed(world, (tier, 1))
        first = await stall.pay(world, order)
        await stall.end(world, first, "decline")
        await stall.end(world, await stall.pay(world, order), "succeed")
        await stall.end(world, first, "succeed")
        whole = await stall.refunded(world, order)
        assert [each["amount"]["amount"] for each in (whole, *whole["surplus"])] == [150_000, 150_000]
        assert await stall.refunds(world, order) == [("done", 150_000)] * 2
        assert (await stall.show(world, order))["status"] == "refunded"
        await stall.books(world)


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
    """Scenario 27."""
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
    """Scenario 22, with places left."""
    async with run(clock=clock) as world:
        [tier] = await stall.open(world, {"capacity": 1})
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await change(world, PAID_UNHEARD)
        clock.advance(timedelta(minutes=15))
        await expire_orders(world.database)
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.stock(world, tier) == (0, 1)
        [paid] = await world.said(OrderPaid)
        assert (paid.sequence, [part.live for part in paid.admissions]) == (3, [True])
        assert await stall.books(world) == [CHARGE]


@pytest.mark.parametrize(
    ("late", "status", "entries"),
    [
        ("complete_or_refund", "expired", [ASIDE, *BACK]),
        ("complete_or_review", "review", [ASIDE]),
        ("refund", "expired", [ASIDE, *BACK]),
    ],
)
async def test_late_money_without_places_goes_back_or_to_a_person(
    run: RunService,
    stall: "Stall",
    clock: FrozenClock,
    late: str,
    status: str,
    entries: list[tuple[str, str, str, int]],
) -> None:
    """Scenario 22, sold out meanwhile."""
    async with run(clock=clock) as world:
        scarce, plenty = await stall.open(world, {"capacity": 1}, {"price": None})
        await stall.sell_by(world, latePayment=late)
        order = await stall.placed(world, (plenty, 1), (scarce, 1))
        payment = await stall.pay(world, order)
        await change(world, PAID_UNHEARD)
        clock.advance(timedelta(minutes=15))
        await expire_orders(world.database)
        await stall.placed(world, (scarce, 1))
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == status
        [review] = await world.said(PaymentReviewNeeded)
        assert review.reason == ("late" if late == "refund" else "late_and_sold_out")
        assert (review.refund_id is None) == (status == "review")
        assert await stall.refunds(world, order) == ([] if status == "review" else [("done", 150_000)])
        assert (await stall.stock(world, scarce), await stall.stock(world, plenty)) == ((1, 0), (0, 0))
        assert await stall.books(world) == entries
        assert await world.said(OrderPaid) == []


async def test_late_money_goes_back_although_places_are_left_where_that_is_the_policy(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, latePayment="refund")
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await change(world, PAID_UNHEARD)
        clock.advance(timedelta(minutes=15))
        await expire_orders(world.database)
        await stall.end(world, payment, "succeed")
        assert await stall.refunds(world, order) == [("done", 150_000)]
        assert await stall.stock(world, tier) == (0, 0)
        assert await stall.books(world) == [ASIDE, *BACK]


async def test_money_for_a_cancelled_order_goes_back(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await change(world, PAID_UNHEARD)
        await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "cancelled"
        assert [review.reason for review in await world.said(PaymentReviewNeeded)] == ["order_was_cancelled"]
        assert await stall.stock(world, tier) == (0, 0)
        assert await stall.refunds(world, order) == [("done", 150_000)]
        assert await stall.books(world) == [ASIDE, *BACK]


async def test_money_for_a_cancelled_event_goes_back_and_no_new_payment_begins(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order, other = await stall.placed(world, (tier, 1)), await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await world.hear(stall.event(clock.now(), status="cancelled"))
        await stall.end(world, payment, "succeed")
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        assert await stall.refunds(world, order) == [("done", 150_000)]
        path = f"/v1/orders/{other['id']}/payments"
        refused = await world.post(path, stall.buyer, key="k", json={"provider": "sandbox"})
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.event_not_on_sale")
        assert await world.count("payments") == 1
