"""Disputes: the money is held, refunds freeze, and in the end it is released or gone."""

from typing import TYPE_CHECKING, Any

import pytest
from services.commerce.tests.fakes.steps import refunds_reach_nobody
from sqlalchemy import text

from commerce.actions.settle_payment import settle_payment
from commerce.store import refunds
from common.ids import PaymentId
from common.messages import OrderRefunded
from common.testing import Running, RunService, eventually, principals

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PRICE = 150_000


async def dispute(
    world: Running, stall: "Stall", order: dict[str, Any], status: Any, amount: int | None = None
) -> None:
    """The sandbox tells of a dispute, and commerce has heard it."""
    before = await stall.told(world)
    payment = PaymentId(order["payments"][0]["id"])
    await world.app.state.payments.sandbox.dispute(payment, status, amount)

    async def heard() -> bool:
        return await stall.told(world) > before

    await eventually(heard)


HELD = ("dispute_held", "organiser_payable", "dispute_held", PRICE)
RELEASED = ("dispute_released", "dispute_held", "organiser_payable", PRICE)


async def test_a_dispute_freezes_refunds_and_holds_the_money_until_it_is_won(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await dispute(world, stall, order, "open")
        shown = await stall.show(world, order)
        assert (shown["status"], shown["disputed"]) == ("paid", True)
        refused = await stall.refund(world, order)
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.refunds_frozen")
        assert (await stall.books(world))[-1] == HELD
        await dispute(world, stall, order, "won")
        shown = await stall.show(world, order)
        assert (shown["status"], shown["disputed"], shown["lines"][0]["admissions"][0]["live"]) == ("paid", False, True)
        assert [said.disputed for said in await world.said(OrderRefunded)] == [True, False]
        assert (await stall.books(world))[-1] == RELEASED
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", PRICE)]
        await stall.books(world)


async def test_a_lost_dispute_is_money_that_went_back_and_its_unused_tickets_go_with_it(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        await stall.used(world, order, 1)
        await dispute(world, stall, order, "open")
        await dispute(world, stall, order, "lost")
        shown = await stall.show(world, order)
        assert (shown["status"], shown["disputed"]) == ("partially_refunded", False)
        assert [each["live"] for each in shown["lines"][0]["admissions"]] == [True, False]
        assert await stall.stock(world, tier) == (0, 1)
        assert await stall.refunds(world, order) == [("done", 2 * PRICE)]
        assert [entry[0] for entry in await stall.books(world)] == [
            "charge",
            "dispute_held",
            "dispute_released",
            "refund_due",
            "refund_sent",
        ]
        assert await world.count("sandbox_refunds") == 0


async def test_a_dispute_about_a_part_leaves_the_tickets(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 2))
        await dispute(world, stall, order, "open", 100_000)
        await dispute(world, stall, order, "lost", 100_000)
        shown = await stall.show(world, order)
        assert [each["live"] for each in shown["lines"][0]["admissions"]] == [True, True]
        assert await stall.refunds(world, order) == [("done", 100_000)]
        await stall.refunded(world, order)
        assert await stall.refunds(world, order) == [("done", 100_000), ("done", 200_000)]
        await stall.books(world)


async def test_what_is_told_again_or_all_at_once_ends_the_same(run: RunService, stall: "Stall") -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await dispute(world, stall, order, "lost")
        books = await stall.books(world)
        [row] = await world.rows("SELECT id FROM sandbox_payments")
        told = await world.app.state.payments.sandbox.fetch(row["id"])
        for _ in range(3):
            async with world.database.transaction() as tx:
                await settle_payment(tx, "sandbox", told)
        assert await stall.books(world) == books
        assert await stall.refunds(world, order) == [("done", PRICE)]
        assert (await world.count("disputes"), (await stall.show(world, order))["status"]) == (1, "refunded")


async def test_a_refund_under_way_waits_while_a_bank_looks_at_the_order(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        with refunds_reach_nobody(world, monkeypatch):
            await stall.refunded(world, order, amount={"amount": 1_000, "currency": "NGN"})

            async def tried() -> bool:
                return bool(
                    await world.rows("SELECT 1 FROM refunds WHERE attempts = 1 AND next_attempt_at > created_at")
                )

            await eventually(tried)
            await dispute(world, stall, order, "open")
        async with world.database.transaction() as tx:
            assert await refunds.take_some_due(tx, 8) == []
        await dispute(world, stall, order, "won")
        assert await stall.refunds(world, order) == [("done", 1_000)]
        await stall.books(world)


async def by_hand(world: Running, stall: "Stall", order: dict[str, Any], amount: int) -> None:
    """Somebody sends money back at the provider's own pages, and commerce has heard it."""
    before = await stall.told(world)
    await world.app.state.payments.sandbox.refund_by_hand(PaymentId(order["payments"][0]["id"]), amount)

    async def heard() -> bool:
        return await stall.told(world) > before

    await eventually(heard)


async def test_money_sent_back_by_hand_while_a_bank_asks_is_booked_when_that_ends(
    run: RunService, stall: "Stall"
) -> None:
    """So banks' inquiries are answered: the end is the same as where the dispute was never heard of in between."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        await dispute(world, stall, order, "open")
        await by_hand(world, stall, order, PRICE)
        await stall.books(world)
        await dispute(world, stall, order, "won")
        assert await stall.refunds(world, order) == [("done", PRICE)]
        assert [entry[0] for entry in await stall.books(world)] == [
            "charge",
            "dispute_held",
            "dispute_released",
            "refund_due",
            "refund_sent",
        ]


async def test_a_dispute_ends_also_while_a_refund_that_waits_for_it_was_done_by_hand(
    run: RunService, stall: "Stall", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the one would wait for the other for ever."""
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.paid(world, (tier, 1))
        with refunds_reach_nobody(world, monkeypatch):
            await stall.refunded(world, order)
            await dispute(world, stall, order, "open")
            await by_hand(world, stall, order, PRICE)
        await dispute(world, stall, order, "won")
        assert not (await stall.show(world, order))["disputed"]
        assert await stall.refunds(world, order) == [("done", PRICE)]
        assert [entry[0] for entry in await stall.books(world)] == ["charge", "refund_due", "refund_sent"]
        await tell_again(world)
        assert [entry[0] for entry in await stall.books(world)] == ["charge", "refund_due", "refund_sent"]


async def tell_again(world: Running) -> None:
    """How the one payment stands at the sandbox takes effect once more."""
    [row] = await world.rows("SELECT id FROM sandbox_payments")
    told = await world.app.state.payments.sandbox.fetch(row["id"])
    async with world.database.transaction() as tx:
        await settle_payment(tx, "sandbox", told)


async def test_while_a_bank_looks_at_it_a_buyer_gives_nothing_back(run: RunService, stall: "Stall") -> None:
    """Or the money would go back twice: by us, and by the bank."""
    async with run() as world:
        [tier] = await stall.open(world)
        await stall.sell_by(world, cancellation={"hoursBefore": 48, "keptRate": 0})
        order = await stall.paid(world, (tier, 1))
        await dispute(world, stall, order, "open")
        refused = await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        assert (refused.status_code, refused.json()["code"]) == (409, "commerce.refunds_frozen")
        assert (await world.count("refunds"), await stall.stock(world, tier)) == (0, (0, 1))
        assert (await stall.books(world))[-1] == HELD
        await dispute(world, stall, order, "won")
        given_back = await world.post(f"/v1/orders/{order['id']}/cancel", stall.buyer)
        assert (given_back.status_code, given_back.json()["status"]) == (200, "refunded")
        assert await stall.refunds(world, order) == [("done", PRICE)]
        await stall.books(world)


async def test_while_a_bank_looks_at_it_nobody_decides_on_money_that_waits_for_a_person(
    run: RunService, stall: "Stall"
) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        payment = await stall.pay(world, order)
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE sandbox_payments SET amount = 150001"))
        await stall.end(world, payment, "succeed")
        order = await stall.show(world, order)
        assert order["status"] == "review"
        await dispute(world, stall, order, "open")
        finance = principals.member_of(stall.organization_id, "finance")
        path = f"/v1/orders/{order['id']}/review"
        for decision in ("complete", "refund"):
            refused = await world.post(path, finance, json={"decision": decision, "reason": "they called"})
            assert (refused.status_code, refused.json()["code"]) == (409, "commerce.refunds_frozen")
        shown = await stall.show(world, order)
        assert (shown["status"], shown["disputed"]) == ("review", True)
        assert (await world.count("refunds"), await stall.stock(world, tier)) == (0, (1, 0))
        await stall.books(world)
        await dispute(world, stall, order, "lost")
        assert await stall.refunds(world, order) == [("done", PRICE + 1)]
        sent = await world.post(path, finance, json={"decision": "refund", "reason": "the bank took it"})
        assert (sent.status_code, sent.json()["status"]) == (200, "cancelled")
        assert (await stall.refunds(world, order), await stall.stock(world, tier)) == ([("done", PRICE + 1)], (0, 0))
        await stall.books(world)
