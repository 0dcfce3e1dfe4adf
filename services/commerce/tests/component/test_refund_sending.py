"""The way of a refund to its provider: lost answers, refusals, money sent back at the provider's own pages."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from commerce.actions.settle_payment import settle_payment
from commerce.adapters.sandbox.provider import Sandbox
from commerce.domain.payment import Payment
from commerce.domain.refund import ProviderRefund, Refund
from commerce.store import refunds
from common.db import Transaction
from common.ids import PaymentId
from common.messages import OrderRefunded
from common.testing import FrozenClock, Running, RunService, eventually, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PRICE = 150_000


class Unreliable:
    """The sandbox, except that it does what it is asked and then the line goes dead, or that it refuses."""

    def __init__(self, world: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sandbox: Sandbox = world.app.state.payments.sandbox
        self.answers_lost = 0
        self.refuses = 0
        self.asked = 0
        self.sent = 0
        monkeypatch.setattr(self._sandbox, "refund", self.refund)
        monkeypatch.setattr(self._sandbox, "find_refund", self.find_refund)

    async def refund(self, refund: Refund, payment: Payment) -> ProviderRefund:
        self.sent += 1
        if self.refuses:
            self.refuses -= 1
            return ProviderRefund(f"no-{self.sent}", refund.key, "failed", refund.amount, "insufficient_funds")
        made = await Sandbox.refund(self._sandbox, refund, payment)
        if self.answers_lost:
            self.answers_lost -= 1
            raise TimeoutError("no answer in time")
        return made

    async def find_refund(self, refund: Refund, payment: Payment) -> ProviderRefund | None:
        self.asked += 1
        return await Sandbox.find_refund(self._sandbox, refund, payment)


async def one_status(world: Running) -> str:
    [row] = await world.rows("SELECT status FROM refunds")
    return str(row["status"])


async def test_an_answer_that_was_lost_is_asked_for_and_nothing_is_sent_twice(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        provider = Unreliable(world, monkeypatch)
        provider.answers_lost = 1
        await stall.refunded(world, order)

        async def lost() -> bool:
            [row] = await world.rows("SELECT attempts, next_attempt_at FROM refunds")
            return bool(row["attempts"] == 1 and row["next_attempt_at"] == clock.now() + timedelta(seconds=2))

        await eventually(lost)
        assert await one_status(world) == "pending"
        clock.advance(timedelta(seconds=2))
        assert await stall.refunds(world, order) == [("done", PRICE)]
        assert (provider.sent, provider.asked, await world.count("sandbox_refunds")) == (1, 1, 1)
        await stall.books(world)


async def test_a_refund_whose_sender_died_is_asked_about_when_the_lease_ends(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        provider = Unreliable(world, monkeypatch)
        with monkeypatch.context() as dying:
            dying.setattr(refunds, "take_some_due", nobody)
            await stall.refunded(world, order)
        async with world.database.transaction() as tx:
            [due] = await refunds.take_some_due(tx, 1)
        await Sandbox.refund(world.app.state.payments.sandbox, due.refund, due.payment)
        clock.advance(refunds.LEASE)
        assert await stall.refunds(world, order) == [("done", PRICE)]
        assert (provider.sent, provider.asked, await world.count("sandbox_refunds")) == (0, 1, 1)
        await stall.books(world)


async def nobody(tx: Transaction, limit: int) -> list[refunds.Due]:
    """No sender is awake."""
    return []


async def test_a_refused_refund_is_still_owed_and_can_be_tried_again(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        provider = Unreliable(world, monkeypatch)
        provider.refuses = 1
        refund = await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("failed", PRICE)]
        assert (await stall.show(world, order))["status"] == "refunded"
        assert (await stall.books(world))[-1] == ("refund_due", "organiser_payable", "refunds_due", PRICE)
        path, staff = f"/v1/refunds/{refund['id']}/retry", principals.member_of(stall.organization_id, "finance")
        for stranger, status in ((stall.buyer, 403), (principals.user("eve@example.org"), 404)):
            assert (await world.post(path, stranger)).status_code == status
        again = await world.post(path, staff)
        assert (again.status_code, again.json()["status"]) == (200, "pending")
        assert await stall.refunds(world, order) == [("done", PRICE)]
        assert (await stall.books(world))[-1] == ("refund_sent", "refunds_due", "provider_receivable", PRICE)
        third = await world.post(path, staff)
        assert (third.status_code, third.json()["code"]) == (409, "commerce.refund_not_failed")
        keys = [row["key"] for row in await world.rows("SELECT key FROM sandbox_refunds")]
        assert keys == [f"{refund['id']}-2"]


async def by_hand(world: Running, stall: "Stall", payment: str, amount: int) -> None:
    """Somebody sends money back at the sandbox, and commerce has heard of it."""
    before = await stall.told(world)
    await world.app.state.payments.sandbox.refund_by_hand(PaymentId(payment), amount)

    async def heard() -> bool:
        return await stall.told(world) > before

    await eventually(heard)


async def test_money_sent_back_at_the_provider_is_recorded_once_and_the_tickets_stay(
    run: RunService, stall: "Stall"
) -> None:
    """Scenario 41."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        payment = order["payments"][0]["id"]
        await by_hand(world, stall, payment, 100_000)
        await by_hand(world, stall, payment, 50_000)
        await tell_again(world)
        assert await stall.refunds(world, order) == [("done", 100_000), ("done", 50_000)]
        shown = await stall.show(world, order)
        assert shown["status"] == "partially_refunded"
        assert [each["live"] for each in shown["lines"][0]["admissions"]] == [True, True]
        assert await stall.stock(world, tier) == (0, 2)
        assert [said.status for said in await world.said(OrderRefunded)] == ["partially_refunded"] * 2
        await stall.books(world)
        rest = await stall.refunded(world, order)
        assert rest["amount"]["amount"] == 2 * PRICE - 150_000
        assert await stall.refunds(world, order) == [("done", 100_000), ("done", 50_000), ("done", 150_000)]
        await stall.books(world)


@pytest.mark.parametrize("amount", [PRICE, 100_000], ids=["all-of-it", "more-than-is-left-beside-ours"])
async def test_money_sent_back_by_hand_while_a_refund_of_ours_is_under_way_is_asked_about_again(
    run: RunService, stall: "Stall", clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, amount: int
) -> None:
    async def put_off() -> bool:
        rows = await world.rows("SELECT outcome FROM payment_webhooks WHERE handled_at IS NULL AND attempts = 1")
        return any(str(row["outcome"]).startswith("RefundUnderWay") for row in rows)

    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        payment, told = order["payments"][0]["id"], await stall.told(world)
        with monkeypatch.context() as asleep:
            asleep.setattr(refunds, "take_some_due", nobody)
            await stall.refunded(world, order, amount={"amount": amount, "currency": "NGN"})
            books = await stall.books(world)
            await world.app.state.payments.sandbox.refund_by_hand(PaymentId(payment), amount)
            await eventually(put_off, what="the notice being put off")
            assert (await stall.told(world), await one_status(world)) == (told, "pending")
            assert await stall.books(world) == books
        # Ours is refused by now, for nothing is left there: it is the one done by hand, and the notice finds it booked.
        assert await stall.refunds(world, order) == [("done", amount)]
        booked = [*books, ("refund_sent", "refunds_due", "provider_receivable", amount)]
        assert (await stall.told(world), await stall.books(world)) == (told, booked)
        clock.advance(timedelta(seconds=2))

        async def worked_off() -> bool:
            return await stall.told(world) == told + 1

        await eventually(worked_off, what="the notice being worked off")
        assert (await stall.refunds(world, order), await stall.books(world)) == ([("done", amount)], booked)
        assert [row["status"] for row in await world.rows("SELECT status FROM sandbox_refunds WHERE key IS NULL")] == [
            "done"
        ]


async def test_a_failed_refund_done_by_hand_at_the_provider_is_that_refund(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        provider = Unreliable(world, monkeypatch)
        provider.refuses = 1
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("failed", PRICE)]
        await by_hand(world, stall, order["payments"][0]["id"], PRICE)
        assert await stall.refunds(world, order) == [("done", PRICE)]
        await stall.books(world)


async def test_a_refund_that_failed_at_the_provider_and_was_then_done_by_hand_stays_done_however_often_it_is_told(
    run: RunService, stall: "Stall"
) -> None:
    """The provider goes on telling of the attempt that failed, beside the one that did not."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", PRICE)]
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE sandbox_refunds SET status = 'failed'"))
        await tell_again(world)
        assert await stall.refunds(world, order) == [("failed", PRICE)]
        await by_hand(world, stall, order["payments"][0]["id"], PRICE)
        assert await stall.refunds(world, order) == [("done", PRICE)]
        books = await stall.books(world)
        for _ in range(2):
            await tell_again(world)
        assert await stall.books(world) == books
        assert await stall.refunds(world, order) == [("done", PRICE)]


async def tell_again(world: Running) -> None:
    """How the one payment stands at the sandbox takes effect once more."""
    [row] = await world.rows("SELECT id FROM sandbox_payments")
    told = await world.app.state.payments.sandbox.fetch(row["id"])
    async with world.database.transaction() as tx:
        await settle_payment(tx, "sandbox", told)


async def test_a_refund_that_comes_back_from_the_bank_is_owed_again(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        refund = await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", PRICE)]
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE sandbox_refunds SET status = 'failed'"))
        await tell_again(world)
        assert await stall.refunds(world, order) == [("failed", PRICE)]
        assert (await stall.books(world))[-1] == ("refund_bounced", "provider_receivable", "refunds_due", PRICE)
        staff = principals.member_of(stall.organization_id, "owner")
        assert (await world.post(f"/v1/refunds/{refund['id']}/retry", staff)).status_code == 200
        assert await stall.refunds(world, order) == [("done", PRICE)]
        await stall.books(world)
