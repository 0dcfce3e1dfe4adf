"""What follows from what a provider says: the whole table."""

from dataclasses import replace
from typing import Any

import pytest
from services.commerce.tests.rules.orders import NOW, bare_charge, placed_order

from commerce.domain.order import Admission, Line, in_review, paid
from commerce.domain.payment import Payment, ProviderPayment, settled
from commerce.domain.sale_settings import USUAL_LATE_PAYMENT
from commerce.domain.settlement import Judgement, Verdict, judge, otherwise
from common.ids import OrderId, OrderLineId, PaymentId, TicketTierId
from common.money import Money
from common.testing.clock import FrozenClock, SeededEntropy

DRAW = SeededEntropy()
ORDER_ID, PAYMENT_ID = OrderId.new(NOW, DRAW), PaymentId.new(NOW, DRAW)
PRICE = Money(150_000, "NGN")

ORDER = placed_order(
    PRICE,
    id=ORDER_ID,
    lines=(
        Line(
            id=OrderLineId.new(NOW, DRAW),
            ticket_tier_id=TicketTierId.new(NOW, DRAW),
            ticket_tier_name="Regular",
            unit_price=PRICE,
            charge=bare_charge(PRICE),
            admissions=(Admission(1, None, None, live=True, admitted_at=None),),
        ),
    ),
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
        ("awaiting_payment", "event_cancelled", Judgement(Verdict.REFUND, "event_cancelled")),
        ("expired", None, Judgement(Verdict.COMPLETE_IF_LEFT)),
        ("expired", "event_over", Judgement(Verdict.REFUND, "event_over")),
        ("expired", "event_cancelled", Judgement(Verdict.REFUND, "event_cancelled")),
        ("paid", None, Judgement(Verdict.REFUND, "paid_twice")),
        ("partially_refunded", None, Judgement(Verdict.REFUND, "paid_twice")),
        ("refunded", "event_cancelled", Judgement(Verdict.REFUND, "paid_twice")),
        ("cancelled", None, Judgement(Verdict.REFUND, "order_was_cancelled")),
        ("review", None, Judgement(Verdict.REVIEW, "order_was_review")),
        ("awaiting_approval", None, Judgement(Verdict.REVIEW, "order_was_awaiting_approval")),
    ],
)
def test_money_that_fits_meets_the_order_as_it_stands(order_status: Any, closed: Any, expected: Judgement) -> None:
    assert judge(replace(ORDER, status=order_status), closed, "complete_or_refund", PAYMENT, TOLD) == expected


@pytest.mark.parametrize(
    ("order_status", "closed", "policy", "expected"),
    [
        ("awaiting_payment", None, "complete_or_review", Judgement(Verdict.COMPLETE)),
        ("awaiting_payment", None, "refund", Judgement(Verdict.COMPLETE)),
        ("awaiting_payment", "event_cancelled", "complete_or_review", Judgement(Verdict.REFUND, "event_cancelled")),
        ("expired", None, "complete_or_review", Judgement(Verdict.COMPLETE_IF_LEFT)),
        ("expired", None, "refund", Judgement(Verdict.REFUND, "late")),
        ("expired", "event_over", "complete_or_review", Judgement(Verdict.REVIEW, "event_over")),
        ("expired", "event_over", "refund", Judgement(Verdict.REFUND, "event_over")),
        ("paid", None, "complete_or_review", Judgement(Verdict.REVIEW, "paid_twice")),
        ("paid", None, "refund", Judgement(Verdict.REFUND, "paid_twice")),
        ("cancelled", None, "complete_or_review", Judgement(Verdict.REVIEW, "order_was_cancelled")),
        ("review", None, "refund", Judgement(Verdict.REVIEW, "order_was_review")),
    ],
)
def test_the_events_policy_decides_on_money_that_comes_late_or_twice(
    order_status: Any, closed: Any, policy: Any, expected: Judgement
) -> None:
    assert judge(replace(ORDER, status=order_status), closed, policy, PAYMENT, TOLD) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("complete_or_refund", Verdict.REFUND),
        ("refund", Verdict.REFUND),
        ("complete_or_review", Verdict.REVIEW),
    ],
)
def test_what_cannot_be_completed_goes_back_or_to_a_person(policy: Any, expected: Verdict) -> None:
    assert otherwise(policy) is expected


def test_money_taken_from_a_held_card_completes_the_order_once_that_was_wanted() -> None:
    waiting = replace(ORDER, status="awaiting_approval")
    wanted = replace(PAYMENT, wanted="capture")
    assert judge(waiting, None, USUAL_LATE_PAYMENT, wanted, TOLD) == Judgement(Verdict.COMPLETE)


def test_what_the_provider_itself_shows_to_be_another_payment_is_for_a_person() -> None:
    told = replace(TOLD, mismatch="other_account")
    assert judge(ORDER, None, USUAL_LATE_PAYMENT, PAYMENT, told) == Judgement(Verdict.REVIEW, "other_account")


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
    judgement = judge(replace(ORDER, status=order_status), None, USUAL_LATE_PAYMENT, PAYMENT, replace(TOLD, **wrong))
    assert judgement == Judgement(Verdict.REVIEW, reason)


@pytest.mark.parametrize("told", ["pending", "succeeded", "failed", "cancelled"])
def test_a_success_is_final(told: Any) -> None:
    judgement = judge(ORDER, None, USUAL_LATE_PAYMENT, replace(PAYMENT, status="succeeded"), replace(TOLD, status=told))
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
    judgement = judge(ORDER, None, USUAL_LATE_PAYMENT, replace(PAYMENT, status=payment), replace(TOLD, status=told))
    assert judgement.verdict is verdict


@pytest.mark.parametrize("payment", ["created", "failed", "cancelled"])
def test_a_success_counts_after_a_failure_and_before_the_first_answer(payment: Any) -> None:
    before = replace(PAYMENT, status=payment, reference=None if payment == "created" else "sbx_1")
    assert judge(ORDER, None, USUAL_LATE_PAYMENT, before, TOLD) == Judgement(Verdict.COMPLETE)


@pytest.mark.parametrize("amount", [0, -150_000])
def test_a_success_that_brought_nothing_is_a_failure(amount: int) -> None:
    assert judge(ORDER, None, USUAL_LATE_PAYMENT, PAYMENT, replace(TOLD, amount=Money(amount, "NGN"))) == Judgement(
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


HELD = replace(TOLD, status="held")
ON_APPROVAL = replace(ORDER, capture="manual")
VOUCHED = replace(PAYMENT, capture="manual")


@pytest.mark.parametrize(
    ("order", "payment", "told", "expected"),
    [
        ({}, {}, {}, Judgement(Verdict.HOLD)),
        ({}, {"status": "failed"}, {}, Judgement(Verdict.HOLD)),
        ({"status": "awaiting_approval"}, {"held_at": NOW}, {}, Judgement(Verdict.NOTHING)),
        ({"status": "awaiting_approval"}, {}, {}, Judgement(Verdict.LET_GO, "order_was_awaiting_approval")),
        ({"status": "expired"}, {}, {}, Judgement(Verdict.LET_GO, "order_was_expired")),
        ({"status": "cancelled"}, {}, {}, Judgement(Verdict.LET_GO, "order_was_cancelled")),
        ({"status": "paid"}, {"held_at": NOW}, {}, Judgement(Verdict.LET_GO, "order_was_paid")),
        ({}, {}, {"amount": Money(149_999, "NGN")}, Judgement(Verdict.LET_GO, "other_amount")),
        ({}, {}, {"amount": Money(150_000, "GHS")}, Judgement(Verdict.LET_GO, "other_currency")),
        ({}, {}, {"mismatch": "other_mode"}, Judgement(Verdict.LET_GO, "other_mode")),
        ({}, {"wanted": "capture"}, {}, Judgement(Verdict.NOTHING)),
        ({"status": "expired"}, {"wanted": "void"}, {}, Judgement(Verdict.NOTHING)),
        ({}, {"status": "succeeded"}, {}, Judgement(Verdict.NOTHING)),
    ],
)
def test_a_held_card_waits_for_approval_or_is_let_go_of_and_never_needs_a_person(
    order: dict[str, Any], payment: dict[str, Any], told: dict[str, Any], expected: Judgement
) -> None:
    judged = judge(
        replace(ON_APPROVAL, **order), None, USUAL_LATE_PAYMENT, replace(VOUCHED, **payment), replace(HELD, **told)
    )
    assert judged == expected


def test_a_card_held_for_a_cancelled_event_is_let_go_of() -> None:
    judged = judge(ON_APPROVAL, "event_cancelled", USUAL_LATE_PAYMENT, VOUCHED, HELD)
    assert judged == Judgement(Verdict.LET_GO, "event_cancelled")
