"""How an order may go on."""

from dataclasses import replace
from datetime import datetime, timedelta

from commerce.domain.order.order import Order
from commerce.domain.order.parts import Admission, Status
from commerce.errors import AdmissionOver, ExtendedToTheFull, OrderNotAwaitingPayment, ReservationOver, UnknownAdmission
from common.ids import OrderLineId
from common.money import Money

HOLD = timedelta(minutes=15)
"""How long places are kept for an order that is not paid yet."""
TIME_TO_DECIDE = timedelta(days=6)
"""How long an order waits for the organiser: banks let go of a held card after seven days."""
TIME_TO_PAY_AGAIN = timedelta(hours=24)
"""How long a buyer has whose card is no longer held: they did their part before, and must first hear of it."""

OLDEST_HOLD = timedelta(minutes=60)
"""However often it is extended, an unpaid order keeps its places no longer than this from when it was placed: long enough
for a bank's second factor and a card that must be fetched, too short to keep a sold-out night from others for nothing."""


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


def held_no_longer_than_new(order: Order, until: datetime) -> Order:
    """Its places are kept no longer than those of an order placed now, which would be kept `until` then."""
    assert order.reserved_until is not None, "an order that waits for its payment has its time"
    return replace(order, reserved_until=min(order.reserved_until, until))


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
