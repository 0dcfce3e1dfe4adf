"""Money is an integer of minor units and an ISO 4217 currency. Nothing here is a float, and currencies never mix.

Rounding, where a share is not whole: half up, per line. Splitting a sum: largest remainder, so parts always add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

from iso4217 import Currency as _IsoCurrency


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum."""


class UnknownCurrency(ValueError):
    """Not an ISO 4217 code of money people pay with."""


@cache
def exponent(currency: str) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD. Raises UnknownCurrency."""
    try:
        digits = _IsoCurrency(currency).exponent
    except ValueError:
        raise UnknownCurrency(currency) from None
    if digits is None:
        raise UnknownCurrency(currency)
    return int(digits)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units of one currency: `Money(150000, "NGN")` is 1,500 naira."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int):
            raise TypeError("an amount of money is an integer of minor units")
        exponent(self.currency)

    def __add__(self, other: Self) -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.amount * count, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def percent(self, percentage: int) -> "Money":
        """`percentage` hundredths of this, rounded half up (away from zero when negative)."""
        doubled = abs(self.amount) * percentage * 2 + 100
        share = doubled // 200
        return Money(share if self.amount >= 0 else -share, self.currency)

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Parts in proportion to `weights` whose sum is exactly this (largest remainder; earlier parts win ties)."""
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise ValueError("weights are not negative and at least one is positive")
        shares = [divmod(self.amount * weight, total) for weight in weights]
        left = self.amount - sum(whole for whole, _ in shares)
        by_remainder = sorted(range(len(shares)), key=lambda place: -shares[place][1])
        lucky = set(by_remainder[:left])
        return [Money(whole + (place in lucky), self.currency) for place, (whole, _) in enumerate(shares)]

    def __str__(self) -> str:
        digits = exponent(self.currency)
        sign, units = ("-", -self.amount) if self.amount < 0 else ("", self.amount)
        if digits == 0:
            return f"{self.currency} {sign}{units:,}"
        whole, rest = divmod(units, 10**digits)
        return f"{self.currency} {sign}{whole:,}.{rest:0{digits}d}"

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add up")
        return other.amount

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, in that currency."""
        return cls(0, currency)
