"""What an order is made of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from common.ids import AddOnId, OrderLineId, TicketTierId, UserId
from common.money import Money

Status = Literal[
    "awaiting_payment",
    "awaiting_approval",
    "paid",
    "partially_refunded",
    "refunded",
    "expired",
    "cancelled",
    "review",
]
Holding = Literal["held", "sold", "released"]
"""What an order has of the stock: its places are kept for it, are its own, or went back."""

Origin = Literal["buyer", "organiser", "door", "waiting_list"]
"""Who made it: the buyer, staff in advance, staff at the door, or an offer to someone who waited."""
TakenAs = Literal["cash", "card_terminal"]
"""How staff took the money at the door: it never passes through here."""
Capture = Literal["automatic", "manual"]
"""Whether a payment is taken at once, or the card is held until the organiser approves."""
Rounding = Literal["line", "sum_by_net", "sum_by_net_keep_gross"]
"""How tax is rounded: line by line, or over the whole order; the way is kept with the order."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who orders, as their sign-in names them; the address is verified."""

    user_id: UserId
    email: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Admission:
    """One person's right to enter: the ordinal-th of its line. `admitted_at` is when it was first used at a door."""

    ordinal: int
    attendee_name: str | None
    attendee_email: str | None
    live: bool
    admitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Charge:
    """What a whole line comes to: `gross` is what the buyer pays for it, `tax` is the part of that which is tax.

    `discount` was taken off before. `tax_rate` is in thousandths of a percent: 19 % is 19_000.
    """

    discount: Money
    tax_rate: int
    tax: Money
    gross: Money


@dataclass(frozen=True, slots=True)
class Line:
    """So many tickets of one tier, at the price they were reserved for."""

    id: OrderLineId
    ticket_tier_id: TicketTierId
    ticket_tier_name: str
    unit_price: Money
    charge: Charge
    admissions: tuple[Admission, ...]

    @property
    def quantity(self) -> int:
        """How many were ordered."""
        return len(self.admissions)


@dataclass(frozen=True, slots=True)
class AddOnLine:
    """So many of one add-on, at the price they were reserved for. `returned` is how many of them were refunded."""

    id: OrderLineId
    add_on_id: AddOnId
    add_on_name: str
    unit_price: Money
    quantity: int
    returned: int
    charge: Charge


@dataclass(frozen=True, slots=True)
class Sums:
    """How the total comes about; all of it frozen when the order is placed.

    The total is the lines' gross and the service fee, and the platform's fee where that is passed on; `tax` is what of
    it is tax. `platform_fee` is the platform's share of the total in either case. With `reverse_charge` the buyer owes the
    tax instead of the seller: the lines hold none.
    """

    discount: Money
    tax: Money
    service_fee: Money
    platform_fee: Money
    platform_fee_passed_on: bool
    prices_include_tax: bool
    rounding: Rounding
    reverse_charge: bool = False

    @property
    def fees(self) -> Money:
        """What the buyer pays beside the lines."""
        return self.service_fee + self.platform_fee if self.platform_fee_passed_on else self.service_fee


@dataclass(frozen=True, slots=True)
class CancellationTerms:
    """Until when buyers may give a paid order back themselves, and what share of it is kept, in thousandths of a percent.

    `until` is None where they may not. Shown before buying, so it is frozen with the order.
    """

    until: datetime | None
    kept_rate: int


NO_CANCELLATION = CancellationTerms(None, 0)
