"""An order: who bought what, how it stands, and how it may go on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from commerce.domain.stock import Goods, in_lock_order
from commerce.errors import (
    AdmissionOver,
    ExtendedToTheFull,
    OrderNotAwaitingPayment,
    ReservationOver,
    UnknownAdmission,
)
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
TakenAs = Literal["cash", "card_terminal"]
"""How staff took the money at the door: it never passes through here."""
Capture = Literal["automatic", "manual"]
"""Whether a payment is taken at once, or the card is held until the organiser approves."""
Rounding = Literal["line", "sum_by_net", "sum_by_net_keep_gross"]
"""How tax is rounded: line by line, or over the whole order; the way is kept with the order."""

HOLD = timedelta(minutes=15)
"""How long places are kept for an order that is not paid yet."""
TIME_TO_DECIDE = timedelta(days=6)
"""How long an order waits for the organiser: banks let go of a held card after seven days."""
TIME_TO_PAY_AGAIN = timedelta(hours=24)
"""How long a buyer has whose card is no longer held: they did their part before, and must first hear of it."""

OLDEST_HOLD = timedelta(minutes=60)
"""However often it is extended, an unpaid order keeps its places no longer than this from when it was placed: long enough
for a bank's second factor and a card that must be fetched, too short to keep a sold-out night from others for nothing."""


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

    @property
    def fees(self) -> Money:
        """What the buyer pays beside the lines."""
        return self.service_fee + self.platform_fee if self.platform_fee_passed_on else self.service_fee

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

    `made_by` is the principal who made it for the buyer, where staff did, and `taken_as` how they took the money.

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
    approval_until: datetime | None = None
    """Until when the organiser may decide; the places are held as long."""
    made_by: str | None = None
    taken_as: TakenAs | None = None

    @property
    def page_path(self) -> str:
        """The secret page that the mail links to."""
        return f"/o/{self.page_token}"

    def places(self) -> Mapping[TicketTierId, int]:
        """How many live admissions it has of each tier, in the one order in which stock is locked."""
        counts = {line.ticket_tier_id: sum(admission.live for admission in line.admissions) for line in self.lines}
        return {tier: counts[tier] for tier in in_lock_order(counts)}

    def goods(self) -> Goods:
        """What it has of the stock: live admissions, and add-ons that were not returned."""
        return Goods(self.places(), {line.add_on_id: line.quantity - line.returned for line in self.add_ons})


def require_payable(order: Order, now: datetime) -> None:
    """A payment may be begun only while the places are kept for the order."""
    if order.status != "awaiting_payment":
        raise OrderNotAwaitingPayment(status=order.status)
    if order.reserved_until is not None and now >= order.reserved_until:
        raise ReservationOver()


def extended(order: Order, hold: timedelta, now: datetime) -> Order:
    """Its places are kept as long from now as a new order's would be, though not beyond what an order may take in all.

    Never less than they are kept already. Raises ExtendedToTheFull, OrderNotAwaitingPayment, ReservationOver.
    """
    require_payable(order, now)
    assert order.reserved_until is not None, "an order that waits for its payment has its time"
    until = max(order.reserved_until, min(now + hold, order.placed_at + OLDEST_HOLD))
    if until == order.reserved_until and until >= order.placed_at + OLDEST_HOLD:
        raise ExtendedToTheFull(minutes=OLDEST_HOLD // timedelta(minutes=1))
    return replace(order, version=order.version + 1, reserved_until=until) if until > order.reserved_until else order


def admission_of(order: Order, line_id: OrderLineId, ordinal: int) -> Admission:
    """One of its admissions. Raises UnknownAdmission."""
    for line in order.lines:
        if line.id == line_id and 1 <= ordinal <= line.quantity:
            return line.admissions[ordinal - 1]
    raise UnknownAdmission(line_id=line_id, ordinal=ordinal)


def renamed(order: Order, line_id: OrderLineId, admission: Admission, name: str | None, email: str | None) -> Order:
    """Somebody else comes with that admission of the line. Raises AdmissionOver for one that was used or admits no longer."""
    if not admission.live or order.holding == "released" or admission.admitted_at is not None:
        raise AdmissionOver()
    after = replace(admission, attendee_name=name, attendee_email=email)
    if after == admission:
        return order
    lines = tuple(
        replace(line, admissions=tuple(after if each is admission else each for each in line.admissions))
        if line.id == line_id
        else line
        for line in order.lines
    )
    return replace(order, version=order.version + 1, lines=lines)


def received(order: Order, amount: Money) -> Order:
    """Money came for it. Of another currency it counts as nothing here: it lies in the ledger until a person decides."""
    if amount.currency != order.captured.currency:
        return order
    return replace(order, captured=order.captured + amount)


def paid(order: Order, now: datetime) -> Order:
    """The money is with us; the places are the buyer's."""
    return replace(_moved_on(order, "paid"), holding="sold", paid_at=now)


def paid_if_free(order: Order, now: datetime) -> Order:
    """A new order that costs nothing needs no payment: it is paid at once, or waits for the organiser's word."""
    if order.total:
        return order
    if order.capture == "manual":
        return awaiting_approval(order, now)
    return paid(order, now)


def awaiting_approval(order: Order, now: datetime) -> Order:
    """The card is held for its total; its places stay held until the organiser decides, or that is too late."""
    return replace(_moved_on(order, "awaiting_approval"), approval_until=now + TIME_TO_DECIDE)


def to_be_paid_again(order: Order, now: datetime, *, approved: bool) -> Order:
    """The card is no longer held, so the buyer pays anew, for the same places. What was approved is then paid at once."""
    after = replace(_moved_on(order, "awaiting_payment"), reserved_until=now + TIME_TO_PAY_AGAIN)
    return replace(after, capture="automatic") if approved else after


def expired(order: Order) -> Order:
    """The time to pay ran out; the places went back."""
    return replace(_moved_on(order, "expired"), holding="released")


def cancelled(order: Order) -> Order:
    """Called off before it was paid; the places went back."""
    if order.status not in ("awaiting_payment", "awaiting_approval"):
        raise OrderNotAwaitingPayment(status=order.status)
    return replace(_moved_on(order, "cancelled"), holding="released")


def called_off(order: Order) -> Order:
    """A person decided against it; what came for it goes back, and so do the places."""
    return replace(_moved_on(order, "cancelled"), holding="released")


def in_review(order: Order, reason: str) -> Order:
    """A person must decide. What the order has of the stock stays as it is until they do."""
    return replace(_moved_on(order, "review"), review_reason=reason)


def _moved_on(order: Order, status: Status) -> Order:
    """Whatever it waited for, it waits for that no longer."""
    return replace(order, version=order.version + 1, status=status, reserved_until=None, approval_until=None)
