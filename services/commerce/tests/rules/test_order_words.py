"""How an order stands, in words for whoever bought it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from services.commerce.tests.rules.orders import NOW, placed_order

from commerce.domain.order import Status
from commerce.domain.order_words import words_for
from common.money import Money

ORDER = placed_order(Money(150_000, "NGN"), reserved_until=NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("status", "title", "begins"),
    [
        ("awaiting_payment", "Waiting for payment", "Pay while the tickets are kept for you."),
        (
            "awaiting_approval",
            "Waiting for the organiser",
            "Your card is held for NGN 1,500.00, and nothing was charged.",
        ),
        ("paid", "Paid", "You are going."),
        ("partially_refunded", "Partly refunded", "Some of it was given back."),
        ("refunded", "Refunded", "All of it was given back"),
        ("expired", "Expired", "It was not completed in time"),
        ("cancelled", "Cancelled", "It was called off before it was paid."),
        ("review", "Being checked", "Money arrived that does not fit this order."),
    ],
)
def test_every_state_has_words_and_says_what_comes_next(status: Status, title: str, begins: str) -> None:
    words = words_for(replace(ORDER, status=status), NOW)
    assert words.title == title
    assert words.next_step.startswith(begins)


def test_when_the_time_to_pay_ran_out_the_words_say_so_before_any_job_does() -> None:
    words = words_for(ORDER, NOW + timedelta(minutes=1))
    assert (words.title, words.tone) == ("Time is up", "bad")


def test_whoever_waited_reads_that_it_is_their_turn() -> None:
    assert words_for(replace(ORDER, origin="waiting_list"), NOW).title == "Your turn"


def test_before_a_card_is_held_the_words_say_that_it_will_only_be_held() -> None:
    assert "charged only if they say yes" in words_for(replace(ORDER, capture="manual"), NOW).next_step


def test_a_free_order_that_waits_for_the_organiser_speaks_of_no_card() -> None:
    free = replace(ORDER, status="awaiting_approval", total=Money.zero("NGN"))
    assert "card" not in words_for(free, NOW).next_step


def test_a_no_is_told_with_its_reason() -> None:
    words = words_for(replace(ORDER, status="cancelled"), NOW, "members only")
    assert words.title == "Not approved"
    assert words.next_step.endswith("Their reason: members only")
