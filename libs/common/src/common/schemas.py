"""The manners of request and response bodies: camelCase on the wire, unknown fields refused, moments with an offset."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from common.money import Money, UnknownCurrency, exponent

Item = TypeVar("Item")


class Body(BaseModel):
    """What a client sends. A field that is not declared is a 422."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class View(BaseModel):
    """What we answer."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


def _known_currency(code: str) -> str:
    try:
        exponent(code)
    except UnknownCurrency:
        raise ValueError("not an ISO 4217 currency that people pay with") from None
    return code


CurrencyCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency), Field(examples=["NGN"])
]


def _no_control_characters(text: str) -> str:
    if any((ord(character) < 32 and character not in "\n\t") or ord(character) == 127 for character in text):
        raise ValueError("contains control characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("contains half a character")
    return text


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_no_control_characters),
]
Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=10_000), AfterValidator(_no_control_characters)
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]


def _within_reach(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2200:
        raise ValueError("must lie between the years 2000 and 2199")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_within_reach)]
"""A moment with its offset, kept and told in UTC so that one state always reads alike. Far years are typing mistakes; at the
edges of what Python counts they could be stored and never read again."""


class MoneyBody(Body):
    """An amount a client names: integer minor units, not negative."""

    amount: int = Field(ge=0, le=10**15, strict=True)
    currency: CurrencyCode

    def money(self) -> Money:
        """The value the domain works with."""
        return Money(self.amount, self.currency)


class MoneyView(View):
    """An amount in an answer."""

    amount: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> "MoneyView":
        """From the domain's value."""
        return cls(amount=money.amount, currency=money.currency)


class Page(View, Generic[Item]):
    """A slice of a list and where the next one begins."""

    items: list[Item]
    next_cursor: str | None = None


Limit = Annotated[int, Query(ge=1, le=200, description="how many at most")]
Cursor = Annotated[str | None, Query(max_length=200, description="`nextCursor` of the answer before")]
