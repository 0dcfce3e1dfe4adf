"""Buyers give paid orders back under the terms that were shown, and people decide what needs a person."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from commerce.actions.expire_orders import expire_orders
from common.messages import OrderCancelled, OrderPaid
from common.testing import FrozenClock, Running, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PRICE = 150_000


async def give_back(world: Running, stall: "Stall", order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
    return answer.status_code, answer.json()


async def test_a_buyer_gives_an_order_back_and_a_share_is_kept(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, cancellation={"hoursBefore": 48, "keptRate": 12_345})
        order = await stall.paid(world, (tier, 1))
        clock.advance(timedelta(days=28) - timedelta(seconds=1))
        status, shown = await give_back(world, stall, order)
        assert (status, shown["status"]) == (200, "refunded")
        kept = 18_518
        assert await stall.refunds(world, order) == [("done", PRICE - kept)]
        assert await stall.stock(world, tier) == (0, 0)
        assert (await give_back(world, stall, order))[0] == 200
        assert await world.count("refunds") == 1
        await stall.books(world)


async def test_a_buyer_pays_the_share_that_was_shown_and_no_fee_besides(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        fee = {"perOrder": 10_000, "perTicket": 0, "currency": "NGN"}
        await stall.sell_by(world, cancellation={"hoursBefore": 48, "keptRate": 0}, serviceFee=fee)
        order = await stall.paid(world, (tier, 1))
        await stall.sell_by(world, serviceFee=fee, refundKeepsFees=True)
        status, shown = await give_back(world, stall, order)
        assert (status, shown["status"]) == (200, "refunded")
        assert await stall.refunds(world, order) == [("done", PRICE + 10_000)]
        await stall.books(world)


async def test_after_that_or_where_it_was_not_offered_nothing_is_given_back(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        before = await stall.paid(world, (tier, 1))
        await stall.sell_by(world, cancellation={"hoursBefore": 48, "keptRate": 0})
        order = await stall.paid(world, (tier, 1))
        await stall.sell_by(world)
        clock.advance(timedelta(days=28))
        for each, reason in ((before, "not_offered"), (order, "too_late")):
            status, problem = await give_back(world, stall, each)
            assert (status, problem["code"], problem["reason"]) == (409, "commerce.not_cancellable", reason)
            assert (await stall.show(world, each))["status"] == "paid"
        assert (await world.count("refunds"), await stall.stock(world, tier)) == (0, (0, 2))


async def test_of_a_cancelled_event_nobody_gives_back_what_comes_back_whole(run: RunService, stall: "Stall") -> None:
    """Whoever is quicker than the refunds of the event must not be left with less."""
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, cancellation={"hoursBefore": 48, "keptRate": 50_000})
        order = await stall.paid(world, (tier, 1))
        async with world.database.connection() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(hashtext('lanyard job refund-cancelled-events'))"))
            await world.hear(stall.event(world.clock.now(), status="cancelled"))
            status, problem = await give_back(world, stall, order)
            assert (status, problem["code"]) == (409, "commerce.not_cancellable")
            assert await world.count("refunds") == 0
        await stall.job(world, "refund-cancelled-events")
        assert await stall.refunds(world, order) == [("done", PRICE)]
        await stall.books(world)


async def test_who_was_inside_cannot_give_the_order_back(run: RunService, stall: "Stall") -> None:
    """Scenario 40."""
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, cancellation={"hoursBefore": 1, "keptRate": 0})
        order = await stall.paid(world, (tier, 2))
        await stall.used(world, order, 2)
        status, problem = await give_back(world, stall, order)
        assert (status, problem["code"]) == (409, "commerce.admissions_used")
        assert [each["ordinal"] for each in problem["admissions"]] == [2]
        assert (await world.count("refunds"), await stall.stock(world, tier)) == (0, (0, 2))


async def in_review(world: Running, stall: "Stall", clock: FrozenClock) -> tuple[Any, dict[str, Any]]:
    """An order whose money came late where the event's policy is to ask, sold out meanwhile; the tier and the order."""
    [tier] = await stall.open(world, {"capacity": 1})
    await stall.sell_by(world, latePayment="complete_or_review")
    order = await stall.placed(world, (tier, 1))
    payment = await stall.pay(world, order)
    await change(world, "UPDATE sandbox_payments SET status = 'succeeded'")
    clock.advance(timedelta(minutes=15))
    await expire_orders(world.database)
    other = await stall.placed(world, (tier, 1))
    await stall.end(world, payment, "succeed")
    assert (await stall.show(world, order))["status"] == "review"
    await world.post(f"/v1/orders/{other['id']}/cancel", stall.buyer)
    return tier, order


async def change(world: Running, statement: str) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(text(statement))


async def decide(world: Running, stall: "Stall", order: dict[str, Any], decision: str) -> tuple[int, dict[str, Any]]:
    staff = principals.member_of(stall.organization_id, "finance")
    body = {"decision": decision, "reason": "they called"}
    answer = await world.post(f"/v1/orders/{order['id']}/review", staff, json=body)
    return answer.status_code, answer.json()


async def test_an_order_in_review_is_completed_if_its_places_are_there(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier, order = await in_review(world, stall, clock)
        status, shown = await decide(world, stall, order, "complete")
        assert (status, shown["status"]) == (200, "paid")
        assert await stall.stock(world, tier) == (0, 1)
        assert len(await world.said(OrderPaid)) == 1
        assert await stall.books(world) == [
            ("unallocated", "provider_receivable", "unallocated", PRICE),
            ("allocation", "unallocated", "organiser_payable", PRICE),
        ]
        assert (await decide(world, stall, order, "refund"))[1]["code"] == "commerce.not_in_review"
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", PRICE)]
        await stall.books(world)


async def test_an_order_in_review_stays_there_while_its_places_are_gone(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier, order = await in_review(world, stall, clock)
        await stall.placed(world, (tier, 1))
        status, problem = await decide(world, stall, order, "complete")
        assert (status, problem["code"]) == (409, "commerce.sold_out")
        assert (await stall.show(world, order))["status"] == "review"
        assert await stall.books(world) == [("unallocated", "provider_receivable", "unallocated", PRICE)]


async def test_the_money_of_an_order_in_review_is_sent_back(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier, order = await in_review(world, stall, clock)
        status, shown = await decide(world, stall, order, "refund")
        assert (status, shown["status"]) == (200, "cancelled")
        assert await stall.refunds(world, order) == [("done", PRICE)]
        assert await stall.stock(world, tier) == (0, 0)
        assert len(await world.said(OrderCancelled)) == 2
        await stall.books(world)


async def test_what_was_called_off_in_review_is_no_longer_paid_for(run: RunService, stall: "Stall") -> None:
    """The buyer had begun a second payment: its page is ended, so that they do not pay for nothing."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        first = await stall.pay(world, order)
        await stall.end(world, first, "decline")
        await change(world, "UPDATE sandbox_payments SET amount = 149999")
        await stall.pay(world, order)
        await stall.end(world, first, "succeed")
        assert (await decide(world, stall, order, "refund"))[1]["status"] == "cancelled"
        await stall.job(world, "check-payments")
        rows = await world.rows("SELECT status FROM sandbox_payments ORDER BY amount")
        assert [row["status"] for row in rows] == ["succeeded", "abandoned"]
        assert await stall.refunds(world, order) == [("done", 149_999)]
        await stall.books(world)


@pytest.mark.parametrize(
    ("paid", "status", "code"), [(149_999, 409, "commerce.not_enough_money"), (150_001, 200, None)]
)
async def test_money_of_another_amount_completes_the_order_only_if_it_covers_it(
    run: RunService, stall: "Stall", paid: int, status: int, code: str | None
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await change(world, f"UPDATE sandbox_payments SET amount = {paid}")
        await stall.end(world, payment, "succeed")
        answered, shown = await decide(world, stall, order, "complete")
        assert (answered, shown.get("code")) == (status, code)
        assert await stall.refunds(world, order) == ([] if code else [("done", 1)])
        assert await stall.stock(world, tier) == ((1, 0) if code else (0, 1))
        await stall.books(world)
        if code:
            assert (await decide(world, stall, order, "refund"))[0] == 200
            assert await stall.refunds(world, order) == [("done", paid)]
            assert await stall.stock(world, tier) == (0, 0)
            await stall.books(world)


async def test_only_those_who_may_refund_decide(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        _, order = await in_review(world, stall, clock)
        path, body = f"/v1/orders/{order['id']}/review", {"decision": "refund", "reason": "no"}
        foreign = principals.member_of(principals.fresh(type(stall.organization_id)), "owner")
        people = (stall.buyer, principals.member_of(stall.organization_id, "manager"), foreign)
        answers = [await world.post(path, person, json=body) for person in people]
        assert [answer.status_code for answer in answers] == [403, 403, 404]
        wrong = await world.post(path, foreign, json={"decision": "keep", "reason": "no"})
        assert wrong.status_code == 422
        assert (await stall.show(world, order))["status"] == "review"


async def test_money_of_another_currency_completes_no_order_however_much_it_is(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        await change(world, "UPDATE sandbox_payments SET currency = 'USD'")
        await stall.end(world, payment, "succeed")
        status, problem = await decide(world, stall, order, "complete")
        assert (status, problem["code"]) == (409, "commerce.not_enough_money")
        assert (await stall.show(world, order))["status"] == "review"
        assert await stall.stock(world, tier) == (1, 0)
        assert await stall.books(world) == [("unallocated", "provider_receivable", "unallocated", PRICE)]
        status, shown = await decide(world, stall, order, "refund")
        assert (status, shown["status"]) == (200, "cancelled")
        assert await stall.refunds(world, order) == [("done", PRICE)]
        [row] = await world.rows("SELECT currency FROM refunds")
        assert (row["currency"], await stall.stock(world, tier)) == ("USD", (0, 0))
        await stall.books(world)
