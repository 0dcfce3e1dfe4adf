"""What a bank takes of a payment that had gone back before, or was about to: booked once, and borne by the organiser."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from services.commerce.tests.component.test_disputes import PRICE, by_hand, dispute, tell_again
from services.commerce.tests.fakes.steps import CHARGE, refunds_reach_nobody

from commerce.actions.reconcile_payments import reconcile_day
from common.testing import FrozenClock, Running, RunService, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

REFUND = (
    ("refund_due", "organiser_payable", "refunds_due", PRICE),
    ("refund_sent", "refunds_due", "provider_receivable", PRICE),
)
SECOND = ("second_debit", "organiser_payable", "provider_receivable", PRICE)


async def balance(world: Running, stall: "Stall") -> tuple[int, int]:
    """What the organisation is owed, and what buyers are."""
    staff = principals.member_of(stall.organization_id, "finance")
    [account] = (await world.get(f"/v1/organizations/{stall.organization_id}/balance", staff)).json()["items"]
    return account["payable"], account["refundsDue"]


async def test_a_bank_that_takes_what_had_gone_back_before_takes_it_from_the_organiser(
    run: RunService, stall: "Stall"
) -> None:
    """The money left twice: books that said otherwise would pay out what is not there."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", PRICE)]
        await dispute(world, stall, order, "open")
        assert await balance(world, stall) == (0, 0)
        await dispute(world, stall, order, "lost")
        assert (await stall.books(world))[-1] == SECOND
        assert await balance(world, stall) == (-PRICE, 0)
        await tell_again(world)
        assert [entry for entry in await stall.books(world) if entry[0] == "second_debit"] == [SECOND]
        assert await stall.refunds(world, order) == [("done", PRICE)]


async def test_what_a_bank_took_a_second_time_is_in_the_next_statement_and_stops_no_payout(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await stall.refunded(world, order)
        await stall.refunds(world, order)
        await dispute(world, stall, order, "open")
        await dispute(world, stall, order, "lost")
        await stall.paid(world, (tier, 3))
        clock.advance(timedelta(seconds=1))
        path = f"/v1/organizations/{stall.organization_id}/payouts"
        made = await world.post(path, principals.platform("admin"), key="k", json={"currency": "NGN"})
        assert made.status_code == 201, made.text
        [line] = made.json()["lines"]
        assert (line["sales"], line["refunds"], line["amount"]) == (4 * PRICE, 2 * PRICE, 2 * PRICE)
        assert await balance(world, stall) == (0, 0)
        await stall.books(world)


async def test_of_a_dispute_about_all_after_a_part_went_back_only_that_part_is_a_second_debit(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await stall.refunded(world, order, amount={"amount": 50_000, "currency": "NGN"})
        assert await stall.refunds(world, order) == [("done", 50_000)]
        await dispute(world, stall, order, "open")
        await dispute(world, stall, order, "lost")
        assert (await stall.books(world))[-1] == (*SECOND[:3], 50_000)
        assert await balance(world, stall) == (-50_000, 0)
        assert await stall.refunds(world, order) == [("done", 50_000), ("done", 100_000)]


async def test_a_dispute_won_about_what_had_gone_back_costs_nobody_anything(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await stall.refunded(world, order)
        await stall.refunds(world, order)
        await dispute(world, stall, order, "open")
        await dispute(world, stall, order, "won")
        assert [entry[0] for entry in await stall.books(world)] == ["charge", "refund_due", "refund_sent"]
        assert await balance(world, stall) == (0, 0)


@pytest.mark.parametrize("done_by_hand", [False, True])
async def test_a_refund_that_waited_for_a_dispute_that_was_lost_is_what_the_bank_took(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch, done_by_hand: bool
) -> None:
    """It is never sent; what somebody sent by hand meanwhile is it instead, and the bank's is a second debit."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        with refunds_reach_nobody(world, monkeypatch):
            await stall.refunded(world, order)
            await dispute(world, stall, order, "open")
            if done_by_hand:
                await by_hand(world, stall, order, PRICE)
            await dispute(world, stall, order, "lost")
        assert await stall.refunds(world, order) == [("done", PRICE)]
        second = [SECOND] if done_by_hand else []
        books = await stall.books(world)
        assert sorted(books) == sorted([CHARGE, *REFUND, *second])
        assert await balance(world, stall) == (-PRICE * len(second), 0)
        await tell_again(world)
        assert await stall.books(world) == books
        assert await world.count("sandbox_refunds") == len(second)
        await reconciled_without_a_difference(world)


async def reconciled_without_a_difference(world: Running) -> None:
    """The provider's list of this day says what our books say."""
    sandbox = world.app.state.payments.sandbox
    assert await reconcile_day(world.database, sandbox, world.clock.now().date()) == 0
