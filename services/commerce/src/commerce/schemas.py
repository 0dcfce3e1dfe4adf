"""What the routes take and answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from commerce.domain.basket import MOST_ADMISSIONS, Attendee, Wish
from commerce.domain.offer import Offer
from commerce.domain.order import Admission, Line, Order, Status
from commerce.domain.payment import Payment
from commerce.domain.payment import Status as PaymentStatus
from commerce.domain.sale import NotOnSale
from commerce.domain.stock import Word
from common.ids import EventId, OrderId, OrderLineId, OrganizationId, PaymentId, TicketTierId
from common.schemas import Body, MoneyView, Name, View

# What a mail header reads as two addresses, a name or a comment is no address. Letters of any script are.
_ATOM = r"[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;,@\\\".]+"
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_MOST_BEFORE_THE_AT = 64


def _short_before_the_at(address: str) -> str:
    if address.index("@") > _MOST_BEFORE_THE_AT:
        raise ValueError("has more than 64 characters before the @")
    return address


Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=rf"^{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+$"
    ),
    AfterValidator(_short_before_the_at),
]


class NewAttendee(Body):
    """Someone who will come."""

    name: Name
    email: Email | None = None


class NewLine(Body):
    """So many tickets of one tier."""

    ticket_tier_id: TicketTierId
    quantity: int = Field(ge=1, le=MOST_ADMISSIONS, strict=True)
    attendees: list[NewAttendee] = Field(default=[], max_length=MOST_ADMISSIONS)

    def wish(self) -> Wish:
        """The value the domain works with."""
        named = tuple(Attendee(attendee.name, attendee.email) for attendee in self.attendees)
        return Wish(self.ticket_tier_id, self.quantity, named)


class NewOrder(Body):
    """What someone wants to buy."""

    event_id: EventId
    lines: list[NewLine] = Field(min_length=1, max_length=20)


class NewPayment(Body):
    """By whom to pay."""

    provider: Literal["sandbox", "stripe", "paystack"]


class SandboxOutcome(Body):
    """How a payment of the sandbox shall end."""

    outcome: Literal["succeed", "decline", "abandon"]


class AdmissionView(View):
    """One person's right to enter."""

    ordinal: int
    attendee_name: str | None
    attendee_email: str | None
    live: bool
    admitted_at: datetime | None

    @classmethod
    def of(cls, admission: Admission, *, kept: bool) -> "AdmissionView":
        """From the domain's value. None of an order that gave its places back is live."""
        return cls(
            ordinal=admission.ordinal,
            attendee_name=admission.attendee_name,
            attendee_email=admission.attendee_email,
            live=admission.live and kept,
            admitted_at=admission.admitted_at,
        )


class LineView(View):
    """So many tickets of one tier, at the price they were reserved for."""

    id: OrderLineId
    ticket_tier_id: TicketTierId
    ticket_tier_name: str
    quantity: int
    unit_price: MoneyView
    total: MoneyView
    admissions: list[AdmissionView]

    @classmethod
    def of(cls, line: Line, *, kept: bool) -> "LineView":
        """From the domain's value."""
        return cls(
            id=line.id,
            ticket_tier_id=line.ticket_tier_id,
            ticket_tier_name=line.ticket_tier_name,
            quantity=line.quantity,
            unit_price=MoneyView.of(line.unit_price),
            total=MoneyView.of(line.charge.gross),
            admissions=[AdmissionView.of(admission, kept=kept) for admission in line.admissions],
        )


class OrderView(View):
    """An order. `pagePath` is the secret page its mail links to; the buyer's address is for staff and the buyer."""

    id: OrderId
    status: Status
    disputed: bool
    event_id: EventId
    event_name: str
    organization_id: OrganizationId
    buyer_email: str
    buyer_name: str | None
    total: MoneyView
    reserved_until: datetime | None
    placed_at: datetime
    paid_at: datetime | None
    page_path: str
    lines: list[LineView]

    @classmethod
    def of(cls, order: Order) -> "OrderView":
        """From the domain's value."""
        kept = order.holding != "released"
        return cls(
            id=order.id,
            status=order.status,
            disputed=order.disputed,
            event_id=order.event_id,
            event_name=order.event_name,
            organization_id=order.organization_id,
            buyer_email=order.buyer_email,
            buyer_name=order.buyer_name,
            total=MoneyView.of(order.total),
            reserved_until=order.reserved_until,
            placed_at=order.placed_at,
            paid_at=order.paid_at,
            page_path=order.page_path,
            lines=[LineView.of(line, kept=kept) for line in order.lines],
        )


class PaymentView(View):
    """A payment and where it is made."""

    id: PaymentId
    provider: str
    status: PaymentStatus
    total: MoneyView
    checkout_url: str | None
    reason: str | None

    @classmethod
    def of(cls, payment: Payment) -> "PaymentView":
        """From the domain's value."""
        return cls(
            id=payment.id,
            provider=payment.provider,
            status=payment.status,
            total=MoneyView.of(payment.amount),
            checkout_url=payment.checkout_url,
            reason=payment.reason,
        )


class OrderDetails(OrderView):
    """An order with its payments, oldest first."""

    payments: list[PaymentView]

    @classmethod
    def with_payments(cls, order: Order, payments: list[Payment]) -> "OrderDetails":
        """From the domain's values."""
        shown = [PaymentView.of(payment) for payment in payments]
        return cls(**dict(OrderView.of(order)), payments=shown)


class TierAvailability(View):
    """Whether a tier can be ordered now, and how much is left where little is."""

    ticket_tier_id: TicketTierId
    on_sale: bool
    reason: NotOnSale | Literal["sold_out"] | None = None
    availability: Word
    left: int | None = None

    @classmethod
    def of(cls, offer: Offer) -> "TierAvailability":
        """From the domain's value."""
        sold_out: Literal["sold_out"] | None = "sold_out" if offer.word == "sold_out" else None
        reason = offer.closed or sold_out
        return cls(
            ticket_tier_id=offer.ticket_tier_id,
            on_sale=reason is None,
            reason=reason,
            availability=offer.word,
            left=offer.left,
        )


class Availability(View):
    """What is on sale for an event."""

    tiers: list[TierAvailability]
