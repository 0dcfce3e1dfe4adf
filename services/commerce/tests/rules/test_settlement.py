"""What follows from what a provider says: the whole table."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from commerce.domain.order import NO_CANCELLATION, Admission, Charge, Line, Order, Sums, in_review, paid
from commerce.domain.payment import Payment, ProviderPayment, settled
from commerce.domain.settlement import Judgement, Verdict, judge
from common.ids import EventId, OrderId, OrderLineId, OrganizationId, PaymentId, TicketTierId, UserId
from common.money import Money
from common.testing.clock import FrozenClock, SeededEntropy

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
DRAW = SeededEntropy()
ORDER_ID, PAYMENT_ID = OrderId.new(NOW, DRAW), PaymentId.new(NOW, DRAW)
PRICE = Money(150_000, "NGN")

ORDER = Order(
    id=ORDER_ID,
    version=1,
    event_id=EventId.new(NOW, DRAW),
    event_name="Lagos Jazz Night",
    organization_id=OrganizationId.new(NOW, DRAW),
    buyer_user_id=UserId.new(NOW, DRAW),
    buyer_email="ben@example.org",
    buyer_name="Ben",
    status="awaiting_payment",
    disputed=False,
    holding="held",
    total=PRICE,
    sums=Sums.plain("NGN"),
    captured=Money.zero("NGN"),
    refunded=Money.zero("NGN"),
    promo_code_id=None,
    promo_code=None,
    origin="buyer",
    capture="automatic",
    cancellation=NO_CANCELLATION,
    reserved_until=NOW,
    page_token="x" * 22,
    traceparent=None,
    placed_at=NOW,
    paid_at=None,
    review_reason=None,
    lines=(
        Line(
            id=OrderLineId.new(NOW, DRAW),
            ticket_tier_id=TicketTierId.new(NOW, DRAW),
            ticket_tier_name="Regular",
            unit_price=PRICE,
            charge=Charge.plain(PRICE),
            admissions=(Admission(1, None, None, live=True, admitted_at=None),),
        ),
    ),
    add_ons=(),
)
PAYMENT = Payment(
    id=PAYMENT_ID,
    version=2,
    order_id=ORDER_ID,
    provider="sandbox",
    status="pending",
    amount=PRICE,
    reference="sbx_1",
    checkout_url="https://pay.test",
    reason=None,
    created_at=NOW,
)
TOLD = ProviderPayment("sbx_1", PAYMENT_ID, ORDER_ID, "succeeded", PRICE)


@pytest.mark.parametrize(
    ("order_status", "closed", "expected"),
    [
        ("awaiting_payment", None, Judgement(Verdict.COMPLETE)),
        ("awaiting_payment", "event_over", Judgement(Verdict.COMPLETE)),
        ("awaiting_payment", "event_cancelled", Judgement(Verdict.REVIEW, "event_cancelled")),
        ("expired", None, Judgement(Verdict.COMPLETE_IF_LEFT)),
        ("expired", "event_over", Judgement(Verdict.REVIEW, "event_over")),
        ("expired", "event_cancelled", Judgement(Verdict.REVIEW, "event_cancelled")),
        ("paid", None, Judgement(Verdict.SURPLUS, "paid_twice")),
        ("partially_refunded", None, Judgement(Verdict.SURPLUS, "paid_twice")),
        ("refunded", "event_cancelled", Judgement(Verdict.SURPLUS, "paid_twice")),
        ("cancelled", None, Judgement(Verdict.REVIEW, "order_was_cancelled")),
        ("review", None, Judgement(Verdict.REVIEW, "order_was_review")),
        ("awaiting_approval", None, Judgement(Verdict.REVIEW, "order_was_awaiting_approval")),
    ],
)
def test_money_that_fits_meets_the_order_as_it_stands(order_status: Any, closed: Any, expected: Judgement) -> None:
    assert judge(replace(ORDER, status=order_status), closed, PAYMENT, TOLD) == expected


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"amount": Money(149_999, "NGN")}, "other_amount"),
        ({"amount": Money(150_001, "NGN")}, "other_amount"),
        ({"amount": Money(150_000, "USD")}, "other_currency"),
        ({"order_id": OrderId.new(NOW, DRAW)}, "other_order"),
        ({"reference": "sbx_2"}, "other_reference"),
    ],
)
@pytest.mark.parametrize("order_status", ["awaiting_payment", "expired", "paid", "cancelled"])
def test_money_that_does_not_fit_is_always_for_a_person(order_status: Any, wrong: Any, reason: str) -> None:
    judgement = judge(replace(ORDER, status=order_status), None, PAYMENT, replace(TOLD, **wrong))
    assert judgement == Judgement(Verdict.REVIEW, reason)


@pytest.mark.parametrize("told", ["pending", "succeeded", "failed", "cancelled"])
def test_a_success_is_final(told: Any) -> None:
    judgement = judge(ORDER, None, replace(PAYMENT, status="succeeded"), replace(TOLD, status=told))
    assert judgement == Judgement(Verdict.NOTHING)


@pytest.mark.parametrize("told", ["failed", "cancelled"])
@pytest.mark.parametrize(
    ("payment", "verdict"),
    [
        ("created", Verdict.FAIL),
        ("pending", Verdict.FAIL),
        ("failed", Verdict.NOTHING),
        ("cancelled", Verdict.NOTHING),
    ],
)
def test_a_failure_is_told_once(told: Any, payment: Any, verdict: Verdict) -> None:
    judgement = judge(ORDER, None, replace(PAYMENT, status=payment), replace(TOLD, status=told))
    assert judgement.verdict is verdict


@pytest.mark.parametrize("payment", ["created", "failed", "cancelled"])
def test_a_success_counts_after_a_failure_and_before_the_first_answer(payment: Any) -> None:
    before = replace(PAYMENT, status=payment, reference=None if payment == "created" else "sbx_1")
    assert judge(ORDER, None, before, TOLD) == Judgement(Verdict.COMPLETE)


@pytest.mark.parametrize("amount", [0, -150_000])
def test_a_success_that_brought_nothing_is_a_failure(amount: int) -> None:
    assert judge(ORDER, None, PAYMENT, replace(TOLD, amount=Money(amount, "NGN"))) == Judgement(
        Verdict.FAIL, "nothing_was_paid"
    )


def test_a_payment_keeps_the_name_its_provider_gave_it_first() -> None:
    assert settled(PAYMENT, "failed", "sbx_2").reference == "sbx_1"
    assert settled(replace(PAYMENT, reference=None), "failed", "sbx_2").reference == "sbx_2"


def test_an_order_moves_on_one_version_at_a_time_and_keeps_its_stock_in_review() -> None:
    now = FrozenClock().now()
    done = paid(ORDER, now)
    assert (done.version, done.status, done.holding, done.paid_at, done.reserved_until) == (
        2,
        "paid",
        "sold",
        now,
        None,
    )
    looked_at = in_review(ORDER, "other_amount")
    assert (looked_at.version, looked_at.status, looked_at.holding) == (2, "review", "held")
