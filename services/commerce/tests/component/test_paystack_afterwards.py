"""Paystack after the money came: refunds and disputes."""

from typing import TYPE_CHECKING, Any

from services.commerce.tests.fakes.paystack import FakePaystack
from services.commerce.tests.fakes.paystack_shop import begun, shop, tell_all
from services.commerce.tests.fakes.steps import CHARGE, ask_back, send

from common.testing import FrozenClock, Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def refunded(world: Running, stall: "Stall", paystack: FakePaystack) -> dict[str, Any]:
    """A paid order of which all is asked back."""
    order, reference = await begun(world, stall)
    paystack.pay(reference)
    await tell_all(world, paystack)
    await ask_back(world, stall, order)
    return order


async def test_a_refund_takes_a_while_and_goes_back_once(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        order = await refunded(world, stall, paystack)
        for _ in range(3):
            await send(world, clock)
        assert [row["status"] for row in await world.rows("SELECT status FROM refunds")] == ["pending"]
        paystack.process_refunds()
        await tell_all(world, paystack)
        await send(world, clock)
        assert [row["status"] for row in await world.rows("SELECT status FROM refunds")] == ["done"]
        assert len(paystack.refunds) == 1
        assert (await stall.show(world, order))["status"] == "refunded"
        await stall.books(world)


async def test_a_refund_whose_answer_was_lost_is_found_and_not_made_twice(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        paystack.faults["POST /refund"] = ["lost"]
        await refunded(world, stall, paystack)
        for _ in range(3):
            await send(world, clock)
        assert paystack.faults["POST /refund"] == [], "an answer was lost"
        assert len(paystack.refunds) == 1


async def test_a_refund_made_in_paystacks_dashboard_is_recorded_once(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    """Scenario 41."""
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        paystack.pay(reference)
        paystack.refund_by_hand(reference, 50_000)
        paystack.process_refunds()
        for _ in range(2):
            await tell_all(world, paystack)
        rows = await world.rows("SELECT origin, amount, status FROM refunds")
        assert [(row["origin"], row["amount"], row["status"]) for row in rows] == [("external", 50_000, "done")]
        assert (await stall.show(world, order))["status"] == "partially_refunded"
        await stall.books(world)


async def test_refunds_and_disputes_of_other_payments_are_not_taken_for_this_ones(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        paystack.heeds_filters = False
        order, reference = await begun(world, stall)
        paystack.transactions["theirs"] = {**paystack.transactions[reference], "id": 7, "reference": "theirs"}
        paystack.pay("theirs")
        paystack.refund_by_hand("theirs", 50_000)
        paystack.dispute("theirs")
        paystack.pay(reference)
        await tell_all(world, paystack)
        shown = await stall.show(world, order)
        assert (shown["status"], shown["disputed"], await world.count("refunds")) == ("paid", False, 0)
        assert await stall.books(world) == [CHARGE]


async def test_a_dispute_marks_the_order_and_its_end_clears_it(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        paystack.pay(reference)
        dispute = paystack.dispute(reference)
        await tell_all(world, paystack)
        assert (await stall.show(world, order))["disputed"] is True
        paystack.resolve(dispute, "declined")
        await tell_all(world, paystack)
        assert (await stall.show(world, order))["disputed"] is False
        await stall.books(world)
