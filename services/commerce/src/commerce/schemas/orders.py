"""Orders: what someone wants, and what became of it."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from commerce.domain.add_on import MOST_PIECES, AddOnWish
from commerce.domain.basket import MOST_ADMISSIONS, Attendee, Basket, Wish
from commerce.domain.order import (
    Order,
    Origin,
    Status,
    TakenAs,
)
from commerce.domain.payment import Payment
from commerce.domain.promo import typed
from commerce.schemas.documents import BuyerDetails
from commerce.schemas.lines import AddOnLineView, CancellationView, LineView, SumsView
from commerce.schemas.payments import PaymentView
from common.ids import AddOnId, EventId, OrderId, OrganizationId, TicketTierId
from common.schemas import Body, MoneyBody, MoneyView, Name, View

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


class NewAddOnLine(Body):
    """So many of one add-on."""

    add_on_id: AddOnId
    quantity: int = Field(ge=1, le=MOST_PIECES, strict=True)

    def wish(self) -> AddOnWish:
        """The value the domain works with."""
        return AddOnWish(self.add_on_id, self.quantity)


class NewOrder(Body):
    """What someone wants to buy. Whoever sends the `expectedTotal` they were shown is refused where it is another by now.
    `billing` is kept with the order as its billing details."""

    event_id: EventId
    lines: list[NewLine] = Field(min_length=1, max_length=20)
    add_ons: list[NewAddOnLine] = Field(default=[], max_length=20)
    promo_code: Name | None = None
    expected_total: MoneyBody | None = None
    billing: BuyerDetails | None = None

    def basket(self) -> Basket:
        """The value the domain works with."""
        return Basket(
            event_id=self.event_id,
            wishes=tuple(line.wish() for line in self.lines),
            add_ons=tuple(line.wish() for line in self.add_ons),
            promo_code=None if self.promo_code is None else typed(self.promo_code),
            expected_total=None if self.expected_total is None else self.expected_total.money(),
            billing=None if self.billing is None else self.billing.party(),
        )


class OrderView(View):
    """An order. `pagePath` is the secret page its mail links to; the buyer's address is for staff and the buyer.

    `origin` says who made it; `takenAs`, how the organiser took the money at the door.
    """

    id: OrderId
    version: int
    status: Status
    disputed: bool
    event_id: EventId
    event_name: str
    organization_id: OrganizationId
    buyer_email: str
    buyer_name: str | None
    total: MoneyView
    sums: SumsView
    promo_code: str | None
    cancellation: CancellationView | None
    reserved_until: datetime | None
    approval_until: datetime | None
    origin: Origin
    taken_as: TakenAs | None
    placed_at: datetime
    paid_at: datetime | None
    page_path: str
    lines: list[LineView]
    add_ons: list[AddOnLineView]

    @classmethod
    def of(cls, order: Order) -> "OrderView":
        """From the domain's value."""
        kept = order.holding != "released"
        return cls(
            id=order.id,
            version=order.version,
            status=order.status,
            disputed=order.disputed,
            event_id=order.event_id,
            event_name=order.event_name,
            organization_id=order.organization_id,
            buyer_email=order.buyer_email,
            buyer_name=order.buyer_name,
            total=MoneyView.of(order.total),
            sums=SumsView.of(order.sums),
            promo_code=order.promo_code,
            cancellation=CancellationView.of(order.cancellation),
            reserved_until=order.reserved_until,
            approval_until=order.approval_until,
            origin=order.origin,
            taken_as=order.taken_as,
            placed_at=order.placed_at,
            paid_at=order.paid_at,
            page_path=order.page_path,
            lines=[LineView.of(line, kept=kept) for line in order.lines],
            add_ons=[AddOnLineView.of(line) for line in order.add_ons],
        )


class OrderDetails(OrderView):
    """An order with its payments, oldest first."""

    payments: list[PaymentView]

    @classmethod
    def with_payments(cls, order: Order, payments: list[Payment]) -> "OrderDetails":
        """From the domain's values."""
        shown = [PaymentView.of(payment) for payment in payments]
        return cls(**dict(OrderView.of(order)), payments=shown)
