"""What buyers and organisers change of orders that exist."""

from typing import Literal

from pydantic import Field

from commerce.domain.change import Change
from commerce.domain.made import Made
from commerce.domain.promo import typed
from commerce.schemas.orders import Email, NewAddOnLine, NewLine
from common.schemas import Body, MoneyBody, Name


class ChangedItems(Body):
    """All that an unpaid order shall hold. Without `addOns` it keeps those whose tickets stay, without `promoCode` its own.

    Attendees who were named stay on a line that names none.
    """

    lines: list[NewLine] = Field(min_length=1, max_length=20)
    add_ons: list[NewAddOnLine] | None = Field(default=None, max_length=20)
    promo_code: Name | None = None
    expected_total: MoneyBody | None = None

    def change(self) -> Change:
        """The value the domain works with."""
        return Change(
            wishes=tuple(line.wish() for line in self.lines),
            add_ons=None if self.add_ons is None else tuple(line.wish() for line in self.add_ons),
            promo_code=None if self.promo_code is None else typed(self.promo_code),
            keeps_code="promo_code" not in self.model_fields_set,
            expected_total=None if self.expected_total is None else self.expected_total.money(),
        )


class NewBuyer(Body):
    """For whom an order is made. The order's mail and, where attendees have no own address, the passes go there."""

    email: Email
    name: Name | None = None


class MadeOrder(Body):
    """What an organiser gives away, or sold at the door for money that they took themselves."""

    lines: list[NewLine] = Field(min_length=1, max_length=20)
    add_ons: list[NewAddOnLine] = Field(default=[], max_length=20)
    payment: Literal["complimentary", "cash", "card_terminal"]
    buyer: NewBuyer

    def made(self) -> Made:
        """The value the domain works with."""
        return Made(
            wishes=tuple(line.wish() for line in self.lines),
            add_ons=tuple(line.wish() for line in self.add_ons),
            taken_as=None if self.payment == "complimentary" else self.payment,
            email=self.buyer.email,
            name=self.buyer.name,
        )


class NewHolder(Body):
    """Who comes instead. Null takes the name or the address away."""

    name: Name | None = None
    email: Email | None = None

    def changes(self) -> dict[str, str | None]:
        """The fields that were named, as the action takes them."""
        return {name: getattr(self, name) for name in self.model_fields_set}
