"""Money is whole minor units of one currency; shares are rounded half up and parts always add up to the whole."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.money import CurrencyMismatch, Money, UnknownCurrency, exponent

AMOUNTS = st.integers(-(10**15), 10**15)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("currency", "digits"), [("USD", 2), ("NGN", 2), ("JPY", 0), ("KWD", 3), ("ISK", 0), ("UGX", 0)]
)
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["", "usd", "ZZZ", "XAU", "US", "USDT"])
def test_what_people_do_not_pay_with_is_no_currency(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        Money(1, currency)


@pytest.mark.parametrize("amount", [1.0, "1", True, Decimal(1), None])
def test_an_amount_is_an_integer_and_nothing_like_it(amount: object) -> None:
    with pytest.raises(TypeError):
        Money(amount, "USD")  # type: ignore[arg-type]  # that is what is refused


def test_currencies_never_mix() -> None:
    naira, dollars = Money(1, "NGN"), Money(1, "USD")
    assert naira != dollars
    for mixing in (naira.__add__, naira.__sub__, naira.__lt__, naira.__le__):
        with pytest.raises(CurrencyMismatch):
            mixing(dollars)


@given(AMOUNTS, AMOUNTS, st.integers(0, 100))
def test_sums_and_comparisons_are_those_of_the_amounts(one: int, other: int, count: int) -> None:
    left, right = Money(one, "NGN"), Money(other, "NGN")
    assert (left + right - right, left * count, -left) == (left, Money(one * count, "NGN"), Money(-one, "NGN"))
    assert (left < right, left <= right, bool(left)) == (one < other, one <= other, one != 0)


@pytest.mark.parametrize(
    ("amount", "percentage", "share"),
    [
        (1, 50, 1),
        (3, 50, 2),
        (-1, 50, -1),
        (-3, 50, -2),
        (1, 49, 0),
        (333, 33, 110),
        (1050, 10, 105),
        (10, 0, 0),
        (7, 100, 7),
    ],
)
def test_a_share_is_rounded_half_up_and_away_from_zero(amount: int, percentage: int, share: int) -> None:
    assert Money(amount, "USD").percent(percentage) == Money(share, "USD")


@given(AMOUNTS, st.integers(0, 1000))
def test_a_share_is_what_decimal_arithmetic_gives(amount: int, percentage: int) -> None:
    exact = (Decimal(amount) * percentage / 100).quantize(Decimal(1), ROUND_HALF_UP)
    assert Money(amount, "USD").percent(percentage) == Money(int(exact), "USD")


@given(AMOUNTS, WEIGHTS)
def test_parts_add_up_to_the_whole_and_are_fair_to_one_unit(amount: int, weights: list[int]) -> None:
    parts = Money(amount, "KWD").split(weights)
    assert sum(part.amount for part in parts) == amount
    assert len(parts) == len(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.amount - Fraction(amount * weight, sum(weights))) < 1


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (5, [3, 7], [2, 3]),
        (1, [1, 1], [1, 0]),
        (-1, [1, 1], [0, -1]),
        (9, [0, 1], [0, 9]),
    ],
)
def test_what_is_left_over_goes_to_the_largest_remainder_and_earlier_parts_first(
    amount: int, weights: list[int], parts: list[int]
) -> None:
    assert [part.amount for part in Money(amount, "USD").split(weights)] == parts


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 1]])
def test_nothing_is_split_by_nothing(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1, "USD").split(weights)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(150000, "NGN"), "NGN 1,500.00"),
        (Money(-5, "USD"), "USD -0.05"),
        (Money(500, "JPY"), "JPY 500"),
        (Money(-1234567, "JPY"), "JPY -1,234,567"),
        (Money(1005, "KWD"), "KWD 1.005"),
        (Money.zero("USD"), "USD 0.00"),
    ],
)
def test_money_is_read_in_the_decimals_of_its_currency(money: Money, text: str) -> None:
    assert str(money) == text
