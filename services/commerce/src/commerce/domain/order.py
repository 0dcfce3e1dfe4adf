"""An order: who bought what, how it stands, and how it may go on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from commerce.errors import OrderNotAwaitingPayment, ReservationOver
from common.ids import AddOnId, EventId, OrderId, OrderLineId, OrganizationId, PromoCodeId, TicketTierId, UserId
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
Capture = Literal["automatic", "manual"]
"""Whether a payment is taken at once, or the card is held until the organiser approves."""
Rounding = Literal["line", "sum_by_net", "sum_by_net_keep_gross"]
"""How tax is rounded: line by line, or over the whole order; the way is kept with the order."""

HOLD = timedelta(minutes=15)
"""How long places are kept for an order that is not paid yet."""


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

    @classmethod
    def plain(cls, price: Money) -> "Charge":
        """Nothing off, and no tax."""
        return cls(Money.zero(price.currency), 0, Money.zero(price.currency), price)


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
    it is tax. `platform_fee` is the platform's share of the total in either case.
    """

    discount: Money
    tax: Money
    service_fee: Money
    platform_fee: Money
    platform_fee_passed_on: bool
    prices_include_tax: bool
    rounding: Rounding

    @classmethod
    def plain(cls, currency: str) -> "Sums":
        """Nothing but prices."""
        nothing = Money.zero(currency)
        return cls(
            discount=nothing,
            tax=nothing,
            service_fee=nothing,
            platform_fee=nothing,
            platform_fee_passed_on=False,
            prices_include_tax=True,
            rounding="line",
        )


@dataclass(frozen=True, slots=True)
class CancellationTerms:
    """Until when buyers may give a paid order back themselves, and what share of it is kept, in thousandths of a percent.

    `until` is None where they may not. Shown before buying, so it is frozen with the order.
    """

    until: datetime | None
    kept_rate: int


NO_CANCELLATION = CancellationTerms(None, 0)


@dataclass(frozen=True, slots=True)
class Order:
    """One buyer's order. The buyer's name and address are those of the sign-in that ordered.

    `captured` is all the money that came for it, also too much of it; `refunded` what went back or is about to.
    """

    id: OrderId
    version: int
    event_id: EventId
    event_name: str
    organization_id: OrganizationId
    buyer_user_id: UserId
    buyer_email: str
    buyer_name: str | None
    status: Status
    disputed: bool
    holding: Holding
    total: Money
    sums: Sums
    captured: Money
    refunded: Money
    promo_code_id: PromoCodeId | None
    promo_code: str | None
    origin: Origin
    capture: Capture
    cancellation: CancellationTerms
    reserved_until: datetime | None
    page_token: str
    traceparent: str | None
    placed_at: datetime
    paid_at: datetime | None
    review_reason: str | None
    lines: tuple[Line, ...]
    add_ons: tuple[AddOnLine, ...]

    @property
    def page_path(self) -> str:
        """The secret page that the mail links to."""
        return f"/o/{self.page_token}"

    def places(self) -> Mapping[TicketTierId, int]:
        """How many live admissions it has of each tier, in the one order in which stock is locked."""
        counts = {line.ticket_tier_id: sum(admission.live for admission in line.admissions) for line in self.lines}
        return {tier: counts[tier] for tier in in_lock_order(counts)}


def in_lock_order(tiers: Mapping[TicketTierId, int]) -> list[TicketTierId]:
    """Everyone who changes the stock of several tiers does so in this order, or two of them would wait for each other."""
    return sorted(tiers)


def require_payable(order: Order, now: datetime) -> None:
    """A payment may be begun only while the places are kept for the order."""
    if order.status != "awaiting_payment":
        raise OrderNotAwaitingPayment(status=order.status)
    if order.reserved_until is not None and now >= order.reserved_until:
        raise ReservationOver()


def received(order: Order, amount: Money) -> Order:
    """Money came for it. Of another currency it counts as nothing here: it lies in the ledger until a person decides."""
    if amount.currency != order.captured.currency:
        return order
    return replace(order, captured=order.captured + amount)


def paid(order: Order, now: datetime) -> Order:
    """The money is with us; the places are the buyer's."""
    return replace(order, version=order.version + 1, status="paid", holding="sold", paid_at=now, reserved_until=None)


def expired(order: Order) -> Order:
    """The time to pay ran out; the places went back."""
    return replace(order, version=order.version + 1, status="expired", holding="released", reserved_until=None)


def cancelled(order: Order) -> Order:
    """Called off before it was paid; the places went back."""
    if order.status != "awaiting_payment":
        raise OrderNotAwaitingPayment(status=order.status)
    return replace(order, version=order.version + 1, status="cancelled", holding="released", reserved_until=None)


def in_review(order: Order, reason: str) -> Order:
    """A person must decide. What the order has of the stock stays as it is until they do."""
    return replace(order, version=order.version + 1, status="review", review_reason=reason, reserved_until=None)
