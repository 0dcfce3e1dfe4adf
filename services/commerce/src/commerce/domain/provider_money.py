"""What providers take: in which units they count each currency, how little and how much of it at once, and in what steps.

Their units are not always ISO 4217's: Stripe counts ariary whole although ISO has hundredths of it, and krónur and
Ugandan shillings in hundredths although ISO has none. So an amount changes units here and nowhere else, exactly or not
at all. A currency without a row is one the provider does not take from us.
Sources: payments anchors, section 6, "Money"; docs.stripe.com/currencies; paystack.com/docs/api.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commerce.errors import AmountNotTaken, CurrencyNotTaken, RefundOffTheSteps
from common.money import Money, exponent


@dataclass(frozen=True, slots=True)
class Units:
    """How a provider counts a currency: `exponent` decimals in its unit; `least`, `most` and `step` are in that unit."""

    exponent: int
    least: int
    most: int
    step: int = 1


_EIGHT_DIGITS: Final = 99_999_999
_TWELVE_DIGITS: Final = 999_999_999_999

# The least that Stripe publishes, in its units. Where it publishes none one unit is the least here, and Stripe itself
# refuses what comes to less than its least once converted.
_STRIPE_LEAST: Final[Mapping[str, int]] = {
    "AED": 200,
    "AUD": 50,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 15_00,
    "DKK": 2_50,
    "EUR": 50,
    "GBP": 30,
    "HKD": 4_00,
    "HUF": 175_00,
    "INR": 50,
    "JPY": 50,
    "MXN": 10_00,
    "MYR": 2_00,
    "NOK": 3_00,
    "NZD": 50,
    "PLN": 2_00,
    "RON": 2_00,
    "SEK": 3_00,
    "SGD": 50,
    "THB": 10_00,
    "USD": 50,
}
_STRIPE_TWO_DECIMALS: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BZD CAD CDF CHF CNY COP CRC CVE CZK DKK "
    "DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LBP LKR "
    "LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
    "SAR SBD SCR SEK SGD SHP SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD XCG YER ZAR ZMW"
)
_STRIPE_NO_DECIMALS: Final = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_STRIPE_WHOLE_IN_HUNDREDTHS: Final = "ISK UGX"
_STRIPE_THREE_DECIMALS: Final = "BHD JOD KWD OMR TND"


def _stripe() -> dict[str, Units]:
    most = {"IDR": _TWELVE_DIGITS}

    def units(currency: str, decimals: int, step: int = 1) -> Units:
        highest = most.get(currency, _EIGHT_DIGITS)
        return Units(decimals, _STRIPE_LEAST.get(currency, step), highest - highest % step, step)

    return {
        **{currency: units(currency, 2) for currency in _STRIPE_TWO_DECIMALS.split()},
        **{currency: units(currency, 0) for currency in _STRIPE_NO_DECIMALS.split()},
        **{currency: units(currency, 2, 100) for currency in _STRIPE_WHOLE_IN_HUNDREDTHS.split()},
        **{currency: units(currency, 3, 10) for currency in _STRIPE_THREE_DECIMALS.split()},
    }


UNITS: Final[Mapping[str, Mapping[str, Units]]] = {
    "stripe": _stripe(),
    # Paystack counts every currency in hundredths, francs too, of which there are only whole ones.
    "paystack": {
        "GHS": Units(2, 10, _TWELVE_DIGITS),
        "KES": Units(2, 3_00, _TWELVE_DIGITS),
        "NGN": Units(2, 50_00, _TWELVE_DIGITS),
        "USD": Units(2, 2_00, _TWELVE_DIGITS),
        "XOF": Units(2, 1_00, _TWELVE_DIGITS - 99, 100),
        "ZAR": Units(2, 1_00, _TWELVE_DIGITS),
    },
}
"""By provider and currency. A provider that is not here takes everything as it is: the sandbox."""


def require_chargeable(provider: str, amount: Money, pointer: str) -> None:
    """The provider takes this amount from a buyer. Raises CurrencyNotTaken, AmountNotTaken naming what it does take."""
    if provider not in UNITS:
        return
    units = _units(provider, amount.currency, pointer)
    if not _is_whole(units, amount) or not units.least <= _converted(units, amount) <= units.most:
        raise AmountNotTaken(
            provider=provider,
            least=str(_money(units, units.least, amount.currency)),
            most=str(_money(units, units.most, amount.currency)),
            step=str(_money(units, units.step, amount.currency)),
            pointer=pointer,
        )


def require_returnable(provider: str, amount: Money, pointer: str) -> None:
    """The provider can give exactly this amount back: any amount on its steps. Raises RefundOffTheSteps."""
    if provider not in UNITS:
        return
    units = _units(provider, amount.currency, pointer)
    if not _is_whole(units, amount):
        raise RefundOffTheSteps(
            provider=provider, step=str(_money(units, units.step, amount.currency)), pointer=pointer
        )


def up_to_the_steps(provider: str | None, amount: Money) -> Money:
    """The least the provider can give back that is not less than this: of a share that is kept, the buyer has the odd rest.

    What was paid at no provider (None) goes back as it is.
    """
    if provider is None or provider not in UNITS:
        return amount
    units = _units(provider, amount.currency, None)
    step = _money(units, units.step, amount.currency).amount
    return Money(-(-amount.amount // step) * step, amount.currency)


def to_provider(provider: str, amount: Money) -> int:
    """`amount` in the provider's units. Raises CurrencyNotTaken; AmountNotTaken where it would not be exact."""
    units = _units(provider, amount.currency, None)
    if not _is_whole(units, amount):
        raise AmountNotTaken(
            provider=provider,
            least=str(_money(units, units.least, amount.currency)),
            most=str(_money(units, units.most, amount.currency)),
            step=str(_money(units, units.step, amount.currency)),
        )
    return _converted(units, amount)


def from_provider(provider: str, units_there: int, currency: str) -> Money:
    """What a provider's number means. Raises CurrencyNotTaken, and ValueError where our minor units cannot say it."""
    return _money(_units(provider, currency.upper(), None), units_there, currency.upper())


def _units(provider: str, currency: str, pointer: str | None) -> Units:
    units = UNITS[provider].get(currency)
    if units is None:
        raise CurrencyNotTaken(provider=provider, currency=currency, pointer=pointer)
    return units


def _is_whole(units: Units, amount: Money) -> bool:
    whole, rest = _rescaled(amount.amount, exponent(amount.currency), units.exponent)
    return rest == 0 and whole % units.step == 0


def _converted(units: Units, amount: Money) -> int:
    return _rescaled(amount.amount, exponent(amount.currency), units.exponent)[0]


def _money(units: Units, units_there: int, currency: str) -> Money:
    whole, rest = _rescaled(units_there, units.exponent, exponent(currency))
    if rest:
        raise ValueError(f"{units_there} units of {currency} are not whole minor units")
    return Money(whole, currency)


def _rescaled(count: int, decimals: int, wanted: int) -> tuple[int, int]:
    """A count of units of so many decimals in units of so many others, and what does not fit into whole ones."""
    up: int = 10 ** max(wanted - decimals, 0)
    down: int = 10 ** max(decimals - wanted, 0)
    return divmod(count * up, down)
