"""What still happens to an order after its organiser said yes, and to one that nobody said yes to."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.commerce.tests.component.test_approval import (
    approve,
    authorised,
    change_to,
    manager_of,
    reject,
    with_approval,
)

from commerce.actions.expire_approvals import expire_approvals
from commerce.adapters.sandbox.provider import Sandbox
from commerce.errors import ProviderAway
from commerce.store import approvals
from common.db import Transaction
from common.ids import OrderId
from common.messages import OrderCancelled, OrderPaid, PaymentReviewNeeded
from common.testing import FrozenClock, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def test_an_approved_order_whose_event_is_called_off_before_the_money_came_ends_with_its_refund(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    capture = Sandbox.capture

    async def away(*_: object) -> Any:
        raise ProviderAway()

    async with run(clock=clock) as world:
        tier = await with_approval(world, stall)
        promo = await stall.promo(world, maxUses=1)
        answer = await stall.order(world, (tier, 1), promoCode="EARLY")
        order = answer.json()
        await stall.end(world, await stall.pay(world, order), "succeed")
        monkeypatch.setattr(Sandbox, "capture", away)
        assert (await approve(world, order, manager_of(stall))).json()["status"] == "awaiting_approval"
        await world.hear(stall.event(world.clock.now(), status="cancelled"))
        monkeypatch.setattr(Sandbox, "capture", capture)
        clock.advance(timedelta(minutes=10))
        await stall.job(world, "check-payments")
        assert await stall.refunds(world, order) == [("done", 135_000)]
        assert (await stall.show(world, order))["status"] == "cancelled"
        assert await stall.stock(world, tier) == (0, 0)
        assert await stall.promo_counts(world, promo) == (0, 0, 0, 0)
        assert len(await world.said(OrderCancelled)) == 1
        assert await world.said(OrderPaid) == []
        await stall.books(world)


async def test_a_yes_is_not_a_yes_to_free_tickets_chosen_since(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier, free = await stall.open(world, {}, {"price": {"amount": 0, "currency": "NGN"}})
        for each in (tier, free):
            await stall.sell_tier_by(world, each, requiresApproval=True)
        order, _ = await authorised(world, stall, tier)
        async with world.database.transaction() as tx:
            await tx.connection.exec_driver_sql("UPDATE sandbox_payments SET status = 'abandoned'")
        assert (await approve(world, order, manager_of(stall))).json()["status"] == "awaiting_payment"
        assert (await change_to(world, stall, order, free))["status"] == "awaiting_approval"
        assert await world.count("order_approvals") == 0
        answer = await reject(world, order, manager_of(stall))
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert await stall.stock(world, free) == (0, 0)
        await stall.books(world)


async def test_a_payment_begun_before_a_change_buys_nothing_that_needs_a_yes(run: RunService, stall: "Stall") -> None:
    """The same price, so that the amount fits: what fits must still be approved."""
    async with run() as world:
        plain, guarded = await stall.open(world, {}, {})
        await stall.sell_tier_by(world, guarded, requiresApproval=True)
        order = await stall.placed(world, (plain, 1))
        first = await stall.pay(world, order)
        await stall.end(world, first, "decline")
        await change_to(world, stall, order, guarded)
        await stall.end(world, first, "succeed")
        assert (await stall.show(world, order))["status"] == "review"
        assert [said.reason for said in await world.said(PaymentReviewNeeded)] == ["not_approved"]
        assert await stall.stock(world, guarded) == (1, 0)
        assert await world.said(OrderPaid) == []
        assert await stall.books(world) == [("unallocated", "provider_receivable", "unallocated", 150_000)]


async def test_an_order_decided_while_the_job_looked_is_left_alone(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    """The job's statement may have begun before the yes: what it names is looked at once more under the lock."""

    async def away(*_: object) -> Any:
        raise ProviderAway()

    async with run(clock=clock) as world:
        tier = await with_approval(world, stall)
        order, _ = await authorised(world, stall, tier)
        monkeypatch.setattr(Sandbox, "capture", away)
        assert (await approve(world, order, manager_of(stall))).status_code == 200

        async def as_before_the_yes(tx: Transaction, limit: int) -> list[OrderId]:
            return [OrderId(order["id"])]

        monkeypatch.setattr(approvals, "lock_some_undecided", as_before_the_yes)
        clock.advance(timedelta(days=6))
        await expire_approvals(world.database)
        assert (await stall.show(world, order))["status"] == "awaiting_approval"
        assert await stall.stock(world, tier) == (1, 0)
        await stall.books(world)
