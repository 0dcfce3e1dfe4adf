"""Payments by Stripe, against a strict stand-in whose webhooks are signed by Stripe's own library."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from services.commerce.tests.fakes.steps import CHARGE, worked_off
from services.commerce.tests.fakes.stripe import KEY, SECRET, FakeStripe
from services.commerce.tests.fakes.stripe_shop import (
    OTHER_SECRET,
    PATH,
    begin,
    begun,
    only,
    shop,
    tell,
    tell_all,
)
from structlog.testing import capture_logs

from commerce.actions.check_invariants import check_invariants
from commerce.actions.work_off_webhooks import work_off_webhooks
from commerce.errors import NotOurPayment, ProviderUnreadable
from commerce.formats.webhook_signature import sign
from commerce.store import webhooks
from common.db import Transaction
from common.messages import OrderPaid, PaymentFailed, PaymentReviewNeeded
from common.testing import FrozenClock, RunService, eventually

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def test_an_order_is_paid_on_stripes_page(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, payment = await begun(world, stall)
        session = only(stripe.sessions)
        assert (payment["provider"], payment["status"], payment["checkoutUrl"]) == ("stripe", "pending", session["url"])
        assert (session["amount_total"], session["currency"]) == (150_000, "ngn")
        assert session["metadata"] == {"payment_id": payment["id"], "order_id": order["id"]}
        stripe.pay(session["id"])
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_an_event_delivered_five_times_at_once_has_one_effect(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    """Scenario 19."""
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        stripe.pay(only(stripe.sessions)["id"])
        [event] = [each for each in stripe.events if each["type"] == "checkout.session.completed"]
        answers = await asyncio.gather(*(tell(world, stripe, event) for _ in range(5)))
        assert [answer.status_code for answer in answers] == [200] * 5
        await worked_off(world)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await world.count("payment_webhooks") == 1
        assert len(await world.said(OrderPaid)) == 1
        assert await stall.books(world) == [CHARGE]


async def test_a_crash_after_storing_the_event_swallows_nothing(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario 20."""

    async def crash(tx: Transaction, webhook_id: int, outcome: str) -> None:
        raise RuntimeError("the process ends here")

    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        stripe.pay(only(stripe.sessions)["id"])
        event = stripe.events[-1]
        with monkeypatch.context() as crashing:
            crashing.setattr(webhooks, "mark_worked_off", crash)
            await tell(world, stripe, event)

            async def tried() -> bool:
                return bool(await world.rows("SELECT 1 FROM payment_webhooks WHERE outcome LIKE 'RuntimeError%'"))

            await eventually(tried)
            assert (await stall.show(world, order))["status"] == "awaiting_payment"
            assert await stall.books(world) == []
        assert (await tell(world, stripe, event)).status_code == 200
        clock.advance(timedelta(minutes=2))
        await work_off_webhooks(world.database, world.app.state.payments.providers)
        await worked_off(world)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


@pytest.mark.parametrize("backwards", [False, True])
async def test_in_whatever_order_events_come_the_end_is_the_same(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock, backwards: bool
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        session = only(stripe.sessions)["id"]
        stripe.pay(session, by="bank")
        stripe.bank_decides(session, came=True)
        await tell_all(world, stripe, backwards=backwards)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_a_completed_session_that_is_unpaid_is_not_paid_until_the_money_came(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        session = only(stripe.sessions)["id"]
        stripe.pay(session, by="bank")
        await tell_all(world, stripe)
        shown = await stall.show(world, order)
        assert (shown["status"], [each["status"] for each in shown["payments"]]) == ("awaiting_payment", ["pending"])
        assert await stall.books(world) == []
        stripe.bank_decides(session, came=True)
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


async def test_a_slow_payment_that_does_not_come_has_failed(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        session = only(stripe.sessions)["id"]
        stripe.pay(session, by="bank")
        stripe.bank_decides(session, came=False)
        await tell_all(world, stripe)
        shown = await stall.show(world, order)
        assert (shown["status"], [each["status"] for each in shown["payments"]]) == ("awaiting_payment", ["failed"])
        [failed] = await world.said(PaymentFailed)
        assert failed.reason == "payment_intent_payment_attempt_failed"
        assert await stall.books(world) == []


async def test_a_lost_answer_is_asked_for_again_and_begins_nothing_twice(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        stripe.faults["POST /v1/checkout/sessions"] = ["lost"]
        away = await begin(world, stall, order)
        assert (away.status_code, away.json()["code"]) == (503, "commerce.provider_away")
        assert len(stripe.sessions) == 1
        clock.advance(timedelta(minutes=1))
        await stall.job(world, "check-payments")
        [payment] = (await stall.show(world, order))["payments"]
        assert (payment["status"], payment["checkoutUrl"]) == ("pending", only(stripe.sessions)["url"])


@pytest.mark.parametrize("fault", ["garbage", "odd"])
async def test_an_answer_that_cannot_be_read_is_as_good_as_none(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock, fault: str
) -> None:
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        stripe.faults["POST /v1/checkout/sessions"] = [fault]
        answer = await begin(world, stall, order)
        assert (answer.status_code, answer.json()["code"]) == (503, "commerce.provider_away")
        assert (await begin(world, stall, order)).status_code == 201
        stripe.pay(only(stripe.sessions)["id"])
        stripe.faults["GET /v1/checkout/sessions"] = [fault, fault]
        with pytest.raises(ProviderUnreadable) as refused:
            await world.app.state.payments.providers.find("stripe").fetch(only(stripe.sessions)["id"])
        assert (refused.value.status, refused.value.code) == (502, "commerce.provider_unreadable")
        clock.advance(timedelta(minutes=3))
        await stall.job(world, "check-payments")
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        clock.advance(timedelta(minutes=5))
        await stall.job(world, "check-payments")
        assert (await stall.show(world, order))["status"] == "paid"
        assert await stall.books(world) == [CHARGE]


NONSENSE = [
    b"",
    b"null",
    b"[]",
    b"7",
    b"\x00",
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"livemode": false, "type": 1, "data": {}}',
]


@pytest.mark.parametrize("body", NONSENSE)
async def test_signed_nonsense_is_refused_and_nothing_is_stored(
    run: RunService, stripe: FakeStripe, clock: FrozenClock, body: bytes
) -> None:
    async with shop(run, stripe, clock) as world:
        answer = await world.post(PATH, content=body, headers={"Stripe-Signature": sign(body, SECRET, clock.now())})
        assert (answer.status_code, answer.json()["code"]) == (400, "commerce.webhook_unreadable")
        assert await world.count("payment_webhooks") == 0


async def test_a_buyer_who_tries_again_after_a_lost_answer_gets_the_same_session(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        stripe.faults["POST /v1/checkout/sessions"] = ["lost"]
        assert (await begin(world, stall, order, key="a")).status_code == 503
        again = await begin(world, stall, order, key="a")
        assert (again.status_code, again.json()["checkoutUrl"]) == (201, only(stripe.sessions)["url"])
        assert await world.count("payments") == 1


async def test_payments_begun_at_once_are_one_session(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        answers = await asyncio.gather(*(begin(world, stall, order) for _ in range(6)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["checkoutUrl"] for answer in answers}) == 1
        assert (len(stripe.sessions), await world.count("payments")) == (1, 1)


async def test_money_that_came_before_stripes_answer_was_read_counts(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        stripe.faults["POST /v1/checkout/sessions"] = ["lost"]
        await begin(world, stall, order)
        stripe.pay(only(stripe.sessions)["id"])
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["status"] == "paid"
        clock.advance(timedelta(minutes=5))
        await stall.job(world, "check-payments")
        assert await stall.books(world) == [CHARGE]
        assert len(stripe.sessions) == 1


async def test_control_without_its_key_a_lost_answer_begins_a_second_session(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        client = world.app.state.payments.providers.find("stripe")._client
        post = client.post

        async def without_its_key(path: str, values: Any, *, key: str) -> Any:
            return await post(path, values, key=uuid4().hex)

        monkeypatch.setattr(client, "post", without_its_key)
        stripe.faults["POST /v1/checkout/sessions"] = ["lost"]
        await begin(world, stall, order)
        await begin(world, stall, order)
        assert len(stripe.sessions) == 2


@pytest.mark.parametrize(
    ("paid", "reason"),
    [
        ({"amount": 149_999}, "other_amount"),
        ({"amount": 150_001}, "other_amount"),
        ({"currency": "usd"}, "other_currency"),
    ],
)
async def test_money_that_is_not_what_was_asked_for_is_reviewed(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock, paid: dict[str, Any], reason: str
) -> None:
    """Scenario 27."""
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        stripe.pay(only(stripe.sessions)["id"], **paid)
        await tell_all(world, stripe)
        shown = await stall.show(world, order)
        assert (shown["status"], await world.said(OrderPaid)) == ("review", [])
        [review] = await world.said(PaymentReviewNeeded)
        assert review.reason == reason
        [entry] = await stall.books(world)
        assert entry[:3] == ("unallocated", "provider_receivable", "unallocated")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"livemode": True}, "other_mode"),
        ({"on_behalf_of": "acct_other"}, "other_account"),
        ({"transfer_data": {"destination": "acct_other"}}, "other_account"),
        ({"metadata": {"payment_id": "pay_01jd0000000000000000000000", "begun_by": "checkout"}}, "other_order"),
    ],
)
async def test_money_of_another_mode_account_or_order_is_reviewed(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock, change: dict[str, Any], reason: str
) -> None:
    """Scenario 27."""
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        stripe.pay(only(stripe.sessions)["id"])
        only(stripe.intents).update(change)
        [completed] = [each for each in stripe.events if each["type"] == "checkout.session.completed"]
        await tell(world, stripe, completed)
        await worked_off(world)
        assert (await stall.show(world, order))["status"] == "review"
        [review] = await world.said(PaymentReviewNeeded)
        assert review.reason == reason
        await check_invariants(world.database)


async def test_what_is_told_is_asked_for_and_not_believed(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall)
        claims = {**only(stripe.sessions), "status": "complete", "payment_status": "paid"}
        answer = await tell(world, stripe, stripe.event("checkout.session.completed", claims))
        assert answer.status_code == 200
        await worked_off(world)
        assert (await stall.show(world, order))["status"] == "awaiting_payment"
        assert await stall.books(world) == []


async def test_only_what_stripe_signed_a_moment_ago_is_taken(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        await begun(world, stall)
        event = stripe.event("checkout.session.completed", only(stripe.sessions))
        now = clock.now().timestamp()
        body, headers = stripe.signed(event)
        refused = [
            await tell(world, stripe, event, secret="whsec_wrong"),
            await tell(world, stripe, event, at=now - 301),
            await tell(world, stripe, event, at=now + 61),
            await world.post(PATH, content=body.replace(b"complete", b"Complete"), headers=headers),
            await world.post(PATH, content=body),
        ]
        assert [answer.json()["code"] for answer in refused] == ["commerce.webhook_not_authentic"] * 5
        other_mode = await tell(world, stripe, {**event, "livemode": True})
        assert (other_mode.status_code, other_mode.json()["code"]) == (400, "commerce.webhook_of_other_mode")
        for nonsense in ({**event, "data": []}, {**event, "id": "a b"}, {"livemode": False}):
            unreadable = await tell(world, stripe, nonsense)
            assert (unreadable.status_code, unreadable.json()["code"]) == (400, "commerce.webhook_unreadable")
        assert await world.count("payment_webhooks") == 0
        assert (await tell(world, stripe, event, secret=OTHER_SECRET)).status_code == 200
        assert await world.count("payment_webhooks") == 1


async def test_events_of_other_things_and_accounts_are_answered_and_forgotten(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        await begun(world, stall)
        session = only(stripe.sessions)
        others = [
            stripe.event("customer.created", {"id": "cus_1"}),
            stripe.event("checkout.session.completed", {**session, "metadata": {}}),
            stripe.event("checkout.session.completed", session, account="acct_connected"),
            stripe.event("charge.refunded", {"id": "ch_1", "payment_intent": None}),
        ]
        for event in others:
            assert (await tell(world, stripe, event)).status_code == 200
        assert await world.count("payment_webhooks") == 0


async def test_a_refund_of_somebody_elses_payment_in_the_same_account_is_left_alone(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        await begun(world, stall)
        stripe.pay(only(stripe.sessions)["id"])
        theirs = {**only(stripe.intents), "id": "pi_theirs", "metadata": {}}
        stripe.intents["pi_theirs"] = theirs
        await tell(world, stripe, stripe.event("refund.created", {"id": "re_1", "payment_intent": "pi_theirs"}))
        await worked_off(world)
        assert [row["outcome"] for row in await world.rows("SELECT outcome FROM payment_webhooks")] == ["not ours"]
        with pytest.raises(NotOurPayment) as refused:
            await world.app.state.payments.providers.find("stripe").fetch("pi_theirs")
        assert (refused.value.status, refused.value.code) == (404, "commerce.not_our_payment")
        assert await stall.books(world) == []


async def test_what_stripe_refuses_to_begin_is_over_and_said_so(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 1))
        # A clock that is behind by more than the session lives: Stripe finds its end too near.
        behind = stripe.now
        stripe.now = lambda: behind() + 3600
        answer = await begin(world, stall, order)
        assert (answer.status_code, answer.json()["code"]) == (502, "commerce.provider_refused")
        [payment] = (await stall.show(world, order))["payments"]
        assert (payment["status"], payment["reason"]) == ("failed", "checkout_expires_at_out_of_range")
        stripe.now = behind
        assert (await begin(world, stall, order)).status_code == 201


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "USD", "commerce.amount_not_taken"),
        (5_124, "KWD", "commerce.amount_not_taken"),
        (10_050, "MGA", "commerce.amount_not_taken"),
        (1_000, "IQD", "commerce.currency_not_taken"),
    ],
)
async def test_what_stripe_does_not_take_is_refused_before_anything_is_begun(
    run: RunService,
    stall: "Stall",
    stripe: FakeStripe,
    clock: FrozenClock,
    amount: int,
    currency: str,
    code: str,
) -> None:
    """Scenario 36."""
    async with shop(run, stripe, clock) as world:
        [tier] = await stall.open(world, {"price": {"amount": amount, "currency": currency}})
        order = await stall.placed(world, (tier, 1))
        answer = await begin(world, stall, order)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/provider"]
        assert (await world.count("payments"), stripe.calls) == (0, [])


@pytest.mark.parametrize(
    ("ours", "currency", "theirs"), [(500, "JPY", 500), (5, "UGX", 500), (5_120, "KWD", 5_120), (50_000, "MGA", 500)]
)
async def test_odd_currencies_are_right_at_stripe_and_here(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock, ours: int, currency: str, theirs: int
) -> None:
    """Scenario 36."""
    async with shop(run, stripe, clock) as world:
        order, _ = await begun(world, stall, price={"amount": ours, "currency": currency})
        session = only(stripe.sessions)
        assert (session["amount_total"], session["currency"]) == (theirs, currency.lower())
        stripe.pay(session["id"])
        await tell_all(world, stripe)
        assert (await stall.show(world, order))["status"] == "paid"
        assert [entry[3] for entry in await stall.books(world)] == [ours]


async def test_no_secret_and_no_person_gets_into_the_logs(
    run: RunService, stall: "Stall", stripe: FakeStripe, clock: FrozenClock
) -> None:
    with capture_logs() as logs:
        async with shop(run, stripe, clock) as world:
            order, _ = await begun(world, stall)
            stripe.pay(only(stripe.sessions)["id"])
            await tell(world, stripe, stripe.events[0], secret="whsec_wrong")
            await tell_all(world, stripe)
            stripe.faults["POST /v1/"] = ["down", "lost"]
            await begin(world, stall, await stall.placed(world, (order["lines"][0]["ticketTierId"], 1)))
            await begin(world, stall, await stall.placed(world, (order["lines"][0]["ticketTierId"], 1)))
    written = str(logs)
    assert "stripe refused a call" in written
    for secret in (KEY, SECRET, OTHER_SECRET, "ben@example.org", order["pagePath"]):
        assert secret not in written
