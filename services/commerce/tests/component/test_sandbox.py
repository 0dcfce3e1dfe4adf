"""What the sandbox does to those who rely on it: everything real providers do, told by real webhooks."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from common.messages import MoneyPart, OrderPaid
from common.testing import FrozenClock, Running, RunService, eventually

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def begun(world: Running, stall: "Stall", **tier: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order and its payment at the sandbox."""
    [tier_id] = await stall.open(world, tier)
    order = await stall.placed(world, (tier_id, 1))
    return order, await stall.pay(world, order)


async def choose(world: Running, payment: dict[str, Any], outcome: str) -> int:
    """Ask for an outcome; the answer's status."""
    answer = await world.post(f"/v1/sandbox/payments/{payment['id']}", json={"outcome": outcome})
    if answer.status_code == 409:
        assert answer.json()["code"] == "commerce.sandbox_payment_settled"
    return answer.status_code


async def status_of(world: Running, stall: "Stall", order: dict[str, Any]) -> tuple[str, str]:
    """How order and payment stand."""
    shown = await stall.show(world, order)
    return shown["status"], shown["payments"][-1]["status"]


async def test_a_buyer_whose_bank_asks_whether_it_is_them_pays_after_saying_so(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        order, payment = await begun(world, stall)
        await stall.end(world, payment, "require_3ds")
        assert await status_of(world, stall, order) == ("awaiting_payment", "pending")
        await stall.end(world, payment, "succeed")
        assert await status_of(world, stall, order) == ("paid", "succeeded")
        assert await choose(world, payment, "require_3ds") == 409
        await stall.books(world)


async def test_late_money_is_told_of_after_the_hold_and_buys_the_place_if_it_is_still_there(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    """Scenario 22."""
    async with run(clock=clock) as world:
        order, payment = await begun(world, stall)
        assert await choose(world, payment, "late") == 202
        assert await choose(world, payment, "abandon") == 409
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        assert (await stall.show(world, order))["status"] == "expired"
        assert await stall.told(world) == 0
        clock.advance(timedelta(seconds=5))

        async def paid() -> bool:
            return await stall.is_paid(world, order)

        await eventually(paid, what="late money being told of")
        await stall.books(world)


async def test_a_success_told_five_times_at_once_with_an_older_notice_last_has_one_effect(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 19."""
    async with run() as world:
        order, payment = await begun(world, stall)
        assert await choose(world, payment, "duplicate") == 202

        async def all_sent() -> bool:
            rows = await world.rows("SELECT last_answer FROM sandbox_notices WHERE next_attempt_at IS NULL")
            return [row["last_answer"] for row in rows] == ["200"] * 6

        await eventually(all_sent, what="six notices being taken")

        async def worked_off() -> bool:
            return await stall.told(world) == 2

        await eventually(worked_off, what="both notices being worked off")
        assert await status_of(world, stall, order) == ("paid", "succeeded")
        assert len(await world.said(OrderPaid)) == 1
        assert sum(entry[3] for entry in await stall.books(world)) == 150_000


@pytest.mark.parametrize(("price", "came"), [(150_000, 149_999), (1, 2)])
async def test_another_amount_than_was_asked_for_is_never_fulfilled(
    run: RunService, stall: "Stall", price: int, came: int
) -> None:
    """Scenario 27."""
    async with run() as world:
        order, payment = await begun(world, stall, price=MoneyPart(amount=price, currency="NGN"))
        await stall.end(world, payment, "wrong_amount")
        assert await status_of(world, stall, order) == ("review", "succeeded")
        [(kind, _, _, amount)] = await stall.books(world)
        assert (kind, amount) == ("unallocated", came)


async def test_a_dispute_flags_the_order(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        order, payment = await begun(world, stall)
        assert await choose(world, payment, "dispute") == 202

        async def disputed() -> bool:
            return bool((await stall.show(world, order))["disputed"])

        await eventually(disputed, what="the dispute being told of")
        assert (await stall.show(world, order))["status"] == "paid"
        await stall.books(world)


async def test_a_refund_made_at_the_dashboard_is_recorded_once(run: RunService, stall: "Stall") -> None:
    """Scenario 41."""
    async with run() as world:
        _, payment = await begun(world, stall)
        await stall.end(world, payment, "succeed")
        await asyncio.gather(*(choose(world, payment, "refund_at_dashboard") for _ in range(3)))

        async def refunded() -> bool:
            rows = await world.rows("SELECT amount FROM refunds")
            return [row["amount"] for row in rows] == [150_000]

        await eventually(refunded, what="the refund being recorded")
        await stall.books(world)


async def test_a_held_card_has_nothing_to_be_disputed_or_given_back(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.sell_tier_by(world, tier, requiresApproval=True)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        assert await choose(world, payment, "dispute") == 409
        await stall.end(world, payment, "succeed")
        assert await choose(world, payment, "refund_at_dashboard") == 409
        assert (await stall.show(world, order))["status"] == "awaiting_approval"


@pytest.mark.parametrize("outcome", ["refund", "", "SUCCEED", None, 1, ["succeed"]])
async def test_an_outcome_that_does_not_exist_is_refused(run: RunService, stall: "Stall", outcome: object) -> None:
    async with run() as world:
        order, payment = await begun(world, stall)
        answer = await world.post(f"/v1/sandbox/payments/{payment['id']}", json={"outcome": outcome})
        assert answer.status_code == 422
        assert await status_of(world, stall, order) == ("awaiting_payment", "pending")
