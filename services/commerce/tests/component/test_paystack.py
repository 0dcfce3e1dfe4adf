"""Payments by Paystack, against a strict stand-in whose webhooks are signed by `openssl`."""

import asyncio
import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.commerce.tests.fakes.paystack import KEY, FakePaystack
from services.commerce.tests.fakes.paystack_shop import PATH, begin, begun, shop, tell, tell_all
from services.commerce.tests.fakes.steps import CHARGE
from sqlalchemy import text
from structlog.testing import capture_logs

from commerce.actions.check_invariants import check_invariants
from common.messages import OrderPaid, PaymentReviewNeeded
from common.testing import FrozenClock, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def test_an_order_is_paid_on_paystacks_page(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        transaction = paystack.transactions[reference]
        assert (transaction["amount"], transaction["currency"]) == (150_000, "NGN")
        [payment] = (await stall.show(world, order))["payments"]
        assert payment["checkoutUrl"].startswith("https://checkout.paystack.com/")
        paystack.pay(reference)
        await tell_all(world, paystack)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_a_notice_delivered_five_times_at_once_has_one_effect(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    """Scenario 19."""
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        paystack.pay(reference)
        body, headers = paystack.signed(paystack.events[0])
        answers = await asyncio.gather(*(world.post(PATH, content=body, headers=headers) for _ in range(5)))
        assert [answer.status_code for answer in answers] == [200] * 5
        await tell_all(world, paystack)
        assert await world.count("payment_webhooks") == 1
        assert len(await world.said(OrderPaid)) == 1
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_what_is_told_is_verified_and_not_believed(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        claim = {**paystack.transactions[reference], "status": "success"}
        assert (await tell(world, paystack, {"event": "charge.success", "data": claim})).status_code == 200
        await tell_all(world, paystack)
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        assert await stall.books(world) == []


async def test_only_what_paystack_signed_is_taken(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        _, reference = await begun(world, stall)
        data = paystack._said(paystack.transactions[reference])
        event: dict[str, Any] = {"event": "charge.success", "data": data}
        body, headers = paystack.signed(event)
        refused = [
            await tell(world, paystack, event, key="sk_test_wrong"),
            await world.post(PATH, content=body + b" ", headers=headers),
            await world.post(PATH, content=body, headers={"x-paystack-signature": ""}),
            await world.post(PATH, content=body),
        ]
        assert [answer.json()["code"] for answer in refused] == ["commerce.webhook_not_authentic"] * 4
        live = {**event, "data": {**data, "domain": "live"}}
        other_mode = await tell(world, paystack, live)
        assert (other_mode.status_code, other_mode.json()["code"]) == (400, "commerce.webhook_of_other_mode")
        for nonsense in (
            {"event": "charge.success"},
            {"event": 1, "data": {}},
            [1],
            {**event, "data": {"reference": {}}},
        ):
            answer = await tell(world, paystack, nonsense)  # type: ignore[arg-type]
            assert answer.status_code in (200, 400), answer.text
        assert await world.count("payment_webhooks") == 0


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7", b"\x00", b"\xff\xfe", b"[" * 50_000, b'{"event": 1}'])
async def test_signed_nonsense_is_refused_and_nothing_is_stored(
    run: RunService, paystack: FakePaystack, clock: FrozenClock, body: bytes
) -> None:
    async with shop(run, paystack, clock) as world:
        signature = hmac.new(KEY.encode(), body, hashlib.sha512).hexdigest()
        answer = await world.post(PATH, content=body, headers={"x-paystack-signature": signature})
        assert (answer.status_code, answer.json()["code"]) == (400, "commerce.webhook_unreadable")
        assert await world.count("payment_webhooks") == 0


@pytest.mark.parametrize("fault", ["garbage", "odd"])
async def test_an_answer_that_cannot_be_read_is_as_good_as_none(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock, fault: str
) -> None:
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        paystack.pay(reference)
        paystack.faults["GET /transaction/verify"] = [fault]
        clock.advance(timedelta(minutes=3))
        await stall.job(world, "check-payments")
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        clock.advance(timedelta(minutes=5))
        await stall.job(world, "check-payments")
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_notices_of_other_things_are_answered_and_forgotten(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        _, reference = await begun(world, stall)
        theirs = {**paystack.transactions[reference], "reference": "somebody-elses"}
        for event in ({"event": "transfer.success", "data": {}}, {"event": "charge.success", "data": theirs}):
            assert (await tell(world, paystack, event)).status_code == 200
        assert await world.count("payment_webhooks") == 0


@pytest.mark.parametrize(
    ("paid", "reason"),
    [
        ({"amount": 149_999}, "other_amount"),
        ({"currency": "GHS"}, "other_currency"),
        ({"domain": "live"}, "other_mode"),
        ({"subaccount": {"id": 7}}, "other_account"),
        ({"metadata": {"payment_id": "pay_01jd0000000000000000000000", "order_id": "SAME"}}, "other_order"),
    ],
)
async def test_money_that_is_not_what_was_asked_for_is_reviewed(
    run: RunService,
    stall: "Stall",
    paystack: FakePaystack,
    clock: FrozenClock,
    paid: dict[str, Any],
    reason: str,
) -> None:
    """Scenario 27."""
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        if "metadata" in paid:
            kept: dict[str, str] = paid["metadata"]
            paid = {"metadata": {**kept, "order_id": order["id"]}}
        paystack.pay(reference, **paid)
        await tell(world, paystack, {"event": "charge.success", "data": {"id": 1, "reference": reference}})
        await tell_all(world, FakePaystack(now=paystack.now))
        assert (await stall.show(world, order))["status"] == "review"
        [review] = await world.said(PaymentReviewNeeded)
        assert (review.reason, await world.said(OrderPaid)) == (reason, [])
        await check_invariants(world.database)


async def test_a_lost_answer_ends_that_payment_and_the_buyer_gets_another(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    """Paystack tells a page's address once: nobody can pay there, and nobody is charged twice."""
    async with shop(run, paystack, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        paystack.faults["POST /transaction/initialize"] = ["lost"]
        assert (await begin(world, stall, order)).status_code == 503
        again = await begin(world, stall, order)
        assert again.status_code == 201
        assert len(paystack.transactions) == 2
        rows = await world.rows("SELECT status, reason FROM payments ORDER BY status")
        assert [(row["status"], row["reason"]) for row in rows] == [
            ("failed", "duplicate_reference"),
            ("pending", None),
        ]
        paystack.pay(again.json()["id"].replace("_", "-"))
        await tell_all(world, paystack)
        assert await stall.books(world) == [CHARGE]


async def test_a_payment_nobody_told_of_is_found_by_asking(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        paystack.pay(reference)
        clock.advance(timedelta(minutes=3))
        await stall.job(world, "check-payments")
        assert (await stall.show(world, order))["status"] == "paid"
        await tell_all(world, paystack)
        assert await stall.books(world) == [CHARGE]


async def test_a_declined_payment_has_failed_and_may_still_succeed(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        paystack.decline(reference)
        clock.advance(timedelta(minutes=3))
        await stall.job(world, "check-payments")
        assert [each["status"] for each in (await stall.show(world, order))["payments"]] == ["failed"]
        paystack.pay(reference)
        await tell_all(world, paystack)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_a_payment_that_cannot_be_ended_is_over_for_us_and_its_money_late(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    """Scenario 22."""
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall)
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        shown = await stall.show(world, order)
        assert (shown["status"], [each["reason"] for each in shown["payments"]]) == ("expired", ["left_open"])
        paystack.pay(reference)
        await tell_all(world, paystack)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_whoever_paid_in_the_last_second_keeps_the_places(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        order, reference = await begun(world, stall, capacity=1)
        paystack.pay(reference)
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        assert (await stall.show(world, order))["status"] == "paid"


async def test_an_order_that_needs_a_held_card_is_refused(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    async with shop(run, paystack, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE orders SET capture = 'manual'"))
        answer = await begin(world, stall, order)
        assert (answer.status_code, answer.json()["code"]) == (422, "commerce.provider_cannot_hold")
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/provider"]
        assert (await world.count("payments"), paystack.calls) == (0, [])


@pytest.mark.parametrize(("amount", "currency", "code"), [(4_999, "NGN", "amount"), (1_000, "EUR", "currency")])
async def test_what_paystack_does_not_take_is_refused_before_anything_is_begun(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock, amount: int, currency: str, code: str
) -> None:
    """Scenario 36."""
    async with shop(run, paystack, clock) as world:
        [tier] = await stall.open(world, {"price": {"amount": amount, "currency": currency}})
        order = await stall.placed(world, (tier, 1))
        answer = await begin(world, stall, order)
        assert (answer.status_code, answer.json()["code"]) == (422, f"commerce.{code}_not_taken")
        assert (await world.count("payments"), paystack.calls) == (0, [])


async def test_no_secret_and_no_person_gets_into_the_logs(
    run: RunService, stall: "Stall", paystack: FakePaystack, clock: FrozenClock
) -> None:
    with capture_logs() as logs:
        async with shop(run, paystack, clock) as world:
            order, reference = await begun(world, stall)
            await tell(world, paystack, {"event": "charge.success", "data": {}}, key="sk_test_wrong")
            paystack.pay(reference)
            await tell_all(world, paystack)
            paystack.faults["POST /transaction"] = ["down", "lost"]
            again = await stall.placed(world, (order["lines"][0]["ticketTierId"], 1))
            for _ in range(2):
                await begin(world, stall, again)
    written = str(logs)
    assert "paystack refused a call" in written
    for secret in (KEY, "ben@example.org", order["pagePath"]):
        assert secret not in written
