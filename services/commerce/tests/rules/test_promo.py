"""What a promo code takes off, when it applies, and which of two discounts a buyer gets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.domain.promo import (
    Discount,
    PromoCode,
    Wanted,
    best_discount,
    checked,
    typed,
    why_not,
)
from commerce.errors import (
    PromoCodeNotApplicable,
    PromoCodeUsedUp,
    PromoEndsBeforeItBegins,
    PromoKindUnclear,
    UnknownPromoCode,
)
from common.ids import EventId, PromoCodeId, TicketTierId
from common.money import Money
from common.testing.principals import fresh

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
A, B = TicketTierId(fresh(TicketTierId)), TicketTierId(fresh(TicketTierId))


def promo(**changes: Any) -> PromoCode:
    usual: dict[str, Any] = {
        "id": PromoCodeId(fresh(PromoCodeId)),
        "version": 1,
        "event_id": EventId(fresh(EventId)),
        "code": "EARLY",
        "name": "Early",
        "kind": "percent",
        "rate": 10_000,
        "amount": 0,
        "currency": None,
        "max_uses": None,
        "budget": None,
        "ticket_tier_ids": (),
        "valid_from": None,
        "valid_until": None,
        "min_tickets": 1,
        "disabled": False,
    }
    return PromoCode(**{**usual, **changes})


def fixed(kind: str, amount: int, **changes: Any) -> PromoCode:
    return promo(kind=kind, rate=0, amount=amount, currency="EUR", **changes)


def wanted(*lines: tuple[TicketTierId, int, int]) -> list[Wanted]:
    return [Wanted(tier, Money(amount, "EUR"), quantity) for tier, amount, quantity in lines]


def off(code: PromoCode, *lines: tuple[TicketTierId, int, int]) -> list[int]:
    return [money.amount for money in best_discount(code.code, [code], wanted(*lines), NOW).lines]


def test_a_percentage_is_off_each_line_half_up() -> None:
    assert off(promo(rate=12_500), (A, 1_000, 2), (B, 100, 1)) == [250, 13]
    assert off(promo(rate=100_000), (A, 1_000, 2), (B, 100, 1)) == [2_000, 100]
    assert off(promo(ticket_tier_ids=(B,)), (A, 1_000, 2), (B, 100, 1)) == [0, 10]


def test_an_amount_is_off_the_order_or_off_each_ticket_and_never_more_than_they_cost() -> None:
    """Scenario 32."""
    assert off(fixed("fixed_per_order", 500), (A, 1_000, 2), (B, 1_000, 1)) == [333, 167]
    assert off(fixed("fixed_per_order", 500), (A, 100, 2), (B, 100, 1)) == [200, 100]
    assert off(fixed("fixed_per_ticket", 500), (A, 1_000, 2), (B, 100, 1)) == [1_000, 100]
    assert off(fixed("fixed_per_ticket", 500, ticket_tier_ids=(B,)), (A, 1_000, 2), (B, 700, 3)) == [0, 1_500]
    assert off(fixed("fixed_per_order", 500), (A, 0, 2)) == [0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"disabled": True}, "disabled"),
        ({"valid_from": NOW + timedelta(seconds=1)}, "not_started"),
        ({"valid_until": NOW}, "ended"),
        ({"ticket_tier_ids": (B,)}, "other_tickets"),
        ({"min_tickets": 3}, "too_few_tickets"),
    ],
)
def test_a_typed_code_that_does_not_apply_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    """Scenario 34."""
    code = promo(**changes)
    with pytest.raises(PromoCodeNotApplicable) as refusal:
        best_discount("EARLY", [code], wanted((A, 1_000, 2)), NOW)
    assert (refusal.value.details["reason"], refusal.value.pointer) == (reason, "/promoCode")
    automatic = replace(code, code=None)
    assert best_discount(None, [automatic], wanted((A, 1_000, 2)), NOW).promo is None


def test_it_applies_from_its_first_to_before_its_last_moment() -> None:
    code = promo(valid_from=NOW, valid_until=NOW + timedelta(microseconds=1), min_tickets=2)
    assert off(code, (A, 1_000, 2)) == [200]


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(UnknownPromoCode) as refusal:
        best_discount("LATE", [], wanted((A, 1_000, 1)), NOW)
    assert refusal.value.pointer == "/promoCode"


@pytest.mark.parametrize(
    "changes",
    [
        {"max_uses": 0},
        {"max_uses": 2, "held_uses": 1, "used_uses": 1},
        {"budget": 99},
        {"budget": 300, "held_amount": 100, "used_amount": 101},
    ],
)
def test_what_is_held_and_used_counts_against_its_limits(changes: dict[str, Any]) -> None:
    """Scenario 30."""
    code = promo(**changes)
    with pytest.raises(PromoCodeUsedUp):
        best_discount("EARLY", [code], wanted((A, 1_000, 1)), NOW)
    assert best_discount(None, [replace(code, code=None)], wanted((A, 1_000, 1)), NOW).promo is None


def test_exactly_what_is_left_can_be_had() -> None:
    assert off(promo(max_uses=3, held_uses=1, used_uses=1), (A, 1_000, 1)) == [100]
    assert off(promo(budget=300, held_amount=100, used_amount=100), (A, 1_000, 1)) == [100]


@pytest.mark.parametrize(
    ("typed_rate", "automatic_rate", "which"), [(20_000, 10_000, 0), (10_000, 20_000, 1), (5_000, 5_000, 1)]
)
def test_a_code_and_an_automatic_discount_never_add_up(typed_rate: int, automatic_rate: int, which: int) -> None:
    """Scenario 34."""
    both = [promo(rate=typed_rate), promo(code=None, rate=automatic_rate)]
    found = best_discount("EARLY", both, wanted((A, 1_000, 1)), NOW)
    assert (found.promo, found.amount) == (both[which], max(typed_rate, automatic_rate) // 100)


def test_of_several_automatic_discounts_the_best_applies_and_the_oldest_of_two_alike() -> None:
    ids = sorted(PromoCodeId(fresh(PromoCodeId)) for _ in range(4))
    rates = (5_000, 20_000, 20_000, 10_000)
    many = [promo(id=each, code=None, rate=rate) for each, rate in zip(ids, rates, strict=True)]
    assert best_discount(None, list(reversed(many)), wanted((A, 1_000, 1)), NOW).promo is many[1]


def test_a_code_that_takes_nothing_off_is_not_used() -> None:
    assert best_discount("EARLY", [promo()], wanted((A, 0, 1)), NOW).promo is None


def test_a_code_that_opens_a_hidden_tier_is_the_one_that_counts() -> None:
    key, automatic = promo(rate=0, ticket_tier_ids=(A,)), promo(code=None, rate=50_000)
    hidden = [Wanted(A, Money(1_000, "EUR"), 1, hidden=True)]
    assert best_discount("EARLY", [key, automatic], hidden, NOW) == Discount(key, (Money.zero("EUR"),))


def test_codes_are_compared_as_people_write_them() -> None:
    assert typed("  early-Bird_1 ") == "EARLY-BIRD_1"


@pytest.mark.parametrize(
    "look_alike", ["\u017fave", "f\u0131rst", "\ufb01rst", "stra\u00dfe", "\uff33\uff21\uff36\uff25", "\u0405AVE"]
)
def test_a_code_of_letters_that_only_look_like_ours_fits_none(look_alike: str) -> None:
    assert not typed(look_alike).isascii()


def test_values_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(PromoKindUnclear):
        checked(promo(amount=5, currency="EUR"))
    with pytest.raises(PromoKindUnclear):
        checked(fixed("fixed_per_order", 0))
    with pytest.raises(PromoEndsBeforeItBegins):
        checked(promo(valid_from=NOW, valid_until=NOW))


amounts = st.integers(0, 10**12)


@given(
    st.lists(st.tuples(amounts, st.integers(1, 20), st.booleans()), min_size=1, max_size=5),
    st.sampled_from(["percent", "fixed_per_order", "fixed_per_ticket"]),
    amounts,
    st.integers(0, 100_000),
)
def test_no_line_is_ever_cheaper_than_nothing_and_an_amount_off_the_order_is_all_of_it(
    lines: list[tuple[int, int, bool]], kind: str, amount: int, rate: int
) -> None:
    code = promo(kind=kind, rate=rate, amount=amount, currency="EUR", ticket_tier_ids=(A,))
    basket = wanted(*((A if eligible else B, price, quantity) for price, quantity, eligible in lines))
    if why_not(code, basket, Discount(code, ()), NOW) is not None:
        return
    found = best_discount("EARLY", [code], basket, NOW)
    for line, taken in zip(basket, found.lines, strict=True):
        assert 0 <= taken.amount <= (line.price.amount if line.tier == A else 0)
    if kind == "fixed_per_order":
        assert found.amount == min(amount, sum(line.price.amount for line in basket if line.tier == A))
