"""A row of the table of what providers take, a test; and every row there and back."""

import pytest

from commerce.domain.provider_money import (
    UNITS,
    from_provider,
    require_chargeable,
    require_returnable,
    to_provider,
    up_to_the_steps,
)
from commerce.errors import AmountNotTaken, CurrencyNotTaken, RefundOffTheSteps
from common.money import Money, exponent

ROWS = sorted((provider, currency) for provider, taken in UNITS.items() for currency in taken)


@pytest.mark.parametrize(
    ("provider", "ours", "currency", "theirs"),
    [
        ("stripe", 10_00, "USD", 1000),
        ("stripe", 150_000, "NGN", 150_000),
        ("stripe", 500, "JPY", 500),
        ("stripe", 500, "BIF", 500),
        ("stripe", 500, "CLP", 500),
        ("stripe", 500, "DJF", 500),
        ("stripe", 500, "GNF", 500),
        ("stripe", 500, "KMF", 500),
        ("stripe", 500, "KRW", 500),
        ("stripe", 500, "PYG", 500),
        ("stripe", 500, "RWF", 500),
        ("stripe", 500, "VND", 500),
        ("stripe", 500, "VUV", 500),
        ("stripe", 500, "XAF", 500),
        ("stripe", 500, "XOF", 500),
        ("stripe", 500, "XPF", 500),
        # ISO has hundredths of an ariary, Stripe has none.
        ("stripe", 500_00, "MGA", 500),
        # ISO has no parts of these, Stripe wants hundredths that are nought.
        ("stripe", 5, "ISK", 500),
        ("stripe", 5, "UGX", 500),
        # Thousandths, of which the last digit is nought.
        ("stripe", 5_120, "KWD", 5_120),
        ("stripe", 5_120, "BHD", 5_120),
        ("stripe", 5_120, "JOD", 5_120),
        ("stripe", 5_120, "OMR", 5_120),
        ("stripe", 5_120, "TND", 5_120),
        ("paystack", 150_000, "NGN", 150_000),
        ("paystack", 1_000, "GHS", 1_000),
        ("paystack", 1_000, "KES", 1_000),
        ("paystack", 1_000, "ZAR", 1_000),
        ("paystack", 1_000, "USD", 1_000),
        ("paystack", 5_000, "XOF", 500_000),
    ],
)
def test_an_amount_in_the_providers_units(provider: str, ours: int, currency: str, theirs: int) -> None:
    """Scenario 36."""
    require_chargeable(provider, Money(ours, currency), "/provider")
    assert to_provider(provider, Money(ours, currency)) == theirs
    assert from_provider(provider, theirs, currency.lower()) == Money(ours, currency)


@pytest.mark.parametrize(("provider", "currency"), ROWS)
def test_every_row_takes_its_least_and_its_most_and_nothing_beyond(provider: str, currency: str) -> None:
    units = UNITS[provider][currency]
    for theirs in (units.least, units.most):
        ours = from_provider(provider, theirs, currency)
        require_chargeable(provider, ours, "/provider")
        assert to_provider(provider, ours) == theirs
    for theirs in (units.least - units.step, units.most + units.step):
        with pytest.raises(AmountNotTaken):
            require_chargeable(provider, from_provider(provider, theirs, currency), "/provider")


@pytest.mark.parametrize(("provider", "currency"), ROWS)
def test_what_is_off_a_rows_steps_is_refused_and_never_rounded(provider: str, currency: str) -> None:
    units = UNITS[provider][currency]
    smallest = Money(from_provider(provider, units.least * units.step * 100, currency).amount + 1, currency)
    every_amount_is_on_them = 10**units.exponent % (units.step * 10 ** exponent(currency)) == 0
    if every_amount_is_on_them:
        require_returnable(provider, smallest, "/amount")
        assert from_provider(provider, to_provider(provider, smallest), currency) == smallest
        return
    with pytest.raises(RefundOffTheSteps):
        require_returnable(provider, smallest, "/amount")
    with pytest.raises(AmountNotTaken):
        require_chargeable(provider, smallest, "/provider")
    with pytest.raises(AmountNotTaken):
        to_provider(provider, smallest)


@pytest.mark.parametrize(
    ("provider", "amount", "currency"),
    [
        ("stripe", 500_50, "MGA"),
        ("stripe", 5_124, "KWD"),
        ("stripe", 5_121, "TND"),
        ("stripe", 49, "USD"),
        ("stripe", 29, "GBP"),
        ("stripe", 49, "JPY"),
        ("stripe", 174_99, "HUF"),
        ("stripe", 100_000_000, "USD"),
        ("paystack", 49_99, "NGN"),
        ("paystack", 2_99, "KES"),
        ("paystack", 0, "XOF"),
    ],
)
def test_too_little_too_much_or_off_the_steps_is_refused_with_what_is_taken(
    provider: str, amount: int, currency: str
) -> None:
    with pytest.raises(AmountNotTaken) as refused:
        require_chargeable(provider, Money(amount, currency), "/provider")
    assert (refused.value.pointer, refused.value.code) == ("/provider", "commerce.amount_not_taken")


def test_the_refusal_says_what_is_taken() -> None:
    with pytest.raises(
        AmountNotTaken, match=r"at least KWD 0\.010 and at most KWD 99,999\.990, in steps of KWD 0\.010"
    ):
        require_chargeable("stripe", Money(5_124, "KWD"), "/provider")


@pytest.mark.parametrize(("provider", "currency"), [("paystack", "EUR"), ("stripe", "IQD"), ("stripe", "IRR")])
def test_a_currency_without_a_row_is_refused(provider: str, currency: str) -> None:
    with pytest.raises(CurrencyNotTaken) as refused:
        require_chargeable(provider, Money(1_000_000, currency), "/provider")
    assert (refused.value.pointer, refused.value.code) == ("/provider", "commerce.currency_not_taken")


def test_the_sandbox_takes_everything() -> None:
    require_chargeable("sandbox", Money(1, "IQD"), "/provider")


@pytest.mark.parametrize(
    ("provider", "amount", "currency", "goes_back"),
    [
        ("stripe", 11_106, "KWD", 11_110),
        ("stripe", 11_110, "KWD", 11_110),
        ("stripe", 0, "KWD", 0),
        ("stripe", 500_50, "MGA", 501_00),
        ("stripe", 7, "ISK", 7),
        ("stripe", 7, "JPY", 7),
        ("paystack", 7, "XOF", 7),
        ("sandbox", 11_106, "KWD", 11_106),
        (None, 11_106, "KWD", 11_106),
    ],
)
def test_an_odd_amount_goes_back_as_the_next_that_can(
    provider: str | None, amount: int, currency: str, goes_back: int
) -> None:
    assert up_to_the_steps(provider, Money(amount, currency)) == Money(goes_back, currency)
