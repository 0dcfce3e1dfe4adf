"""A pass: the right of one person to enter, made from one admission of a paid order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from common.ids import NOBODY, EventId, GateId, OrderId, OrderLineId, PassId, TicketTierId, UserId

Status = Literal["issued", "admitted", "voided"]


@dataclass(frozen=True, slots=True)
class Attendee:
    """Whom an admission was bought for; both unknown when the buyer named nobody."""

    name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose pass it is: a user, or an address of somebody who has no account yet.

    `email` is only set for an attendee with an address of their own, and stays beside `user_id` once it is verified.
    """

    user_id: UserId | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Admission:
    """The ordinal-th right to enter of an order line, as sold. Not `live` once refunded or cancelled."""

    line_id: OrderLineId
    ordinal: int
    ticket_tier_id: TicketTierId
    attendee: Attendee
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass as it stands. A new `generation` (for another holder) has a new code; codes of older ones are void."""

    id: PassId
    version: int
    order_id: OrderId
    line_id: OrderLineId
    ordinal: int
    event_id: EventId
    ticket_tier_id: TicketTierId
    status: Status
    generation: int
    code: str
    attendee: Attendee
    holder: Holder
    buyer_user_id: UserId
    inside: bool
    first_admitted_at: datetime | None
    first_gate_id: GateId | None


def address(email: str) -> str:
    """How addresses are compared: without surrounding space, without regard to case."""
    return email.strip().casefold()


def holder_of(attendee: Attendee, buyer_user_id: UserId, buyer_email: str) -> Holder:
    """Who holds a fresh pass: the attendee where one with an own address was named, else the buyer.

    What an organiser sold to an address is held by who verifies it.
    """
    if buyer_user_id == NOBODY:
        return Holder(None, address(attendee.email or buyer_email))
    if not attendee.email or address(attendee.email) == address(buyer_email):
        return Holder(buyer_user_id, None)
    return Holder(None, address(attendee.email))


def admissions_due(admissions: Iterable[Admission], *, status: str, was_paid: bool) -> list[Admission]:
    """The admissions of an order that have a pass, each with whether that pass may enter.

    An order that was never paid has none. One that was paid has a pass for every admission, void where the admission is
    no longer live or the whole order no longer stands. Since this looks at nothing but the order's present state, a
    refund that is heard before its payment ends the same.
    """
    if not was_paid:
        return []
    stands = status in ("paid", "partially_refunded")
    return [
        Admission(each.line_id, each.ordinal, each.ticket_tier_id, each.attendee, each.live and stands)
        for each in admissions
    ]
