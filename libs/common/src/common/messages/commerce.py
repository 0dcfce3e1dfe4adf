"""What commerce says."""

from datetime import datetime
from typing import ClassVar, Literal

from common.ids import EventId, OrderId, OrderLineId, OrganizationId, PaymentId, TicketTierId, UserId
from common.messages.audience import Audience, Users
from common.messages.base import Message, MoneyPart, Part

OrderStatus = Literal[
    "awaiting_payment",
    "awaiting_approval",
    "paid",
    "partially_refunded",
    "refunded",
    "expired",
    "cancelled",
    "review",
]


class AdmissionPart(Part):
    """One person's right to enter, as sold: the ordinal-th of an order line."""

    line_id: OrderLineId
    ordinal: int
    ticket_tier_id: TicketTierId
    ticket_tier_name: str
    attendee_name: str | None
    attendee_email: str | None
    """events attaches the pass to this address once it is verified, and identity mails it."""
    live: bool
    """False once this admission was refunded or cancelled."""


class LinePart(Part):
    """What was bought, for receipts and mails."""

    line_id: OrderLineId
    ticket_tier_id: TicketTierId
    ticket_tier_name: str
    quantity: int
    unit_price: MoneyPart


class _OrderMessage(Message):
    publisher: ClassVar[str] = "commerce"
    about: ClassVar[str] = "order_id"
    audience: ClassVar[Audience | None] = Users(
        ("buyer_user_id",),
        (
            "sequence",
            "order_id",
            "event_id",
            "event_name",
            "organization_id",
            "status",
            "disputed",
            "total",
            "lines",
            "placed_at",
            "paid_at",
        ),
    )
    """Without the secret of its page, and without addresses: attendees' are other people's."""

    order_id: OrderId
    event_id: EventId
    event_name: str
    organization_id: OrganizationId
    buyer_user_id: UserId
    buyer_email: str
    """identity mails the buyer; events lets the buyer read the passes."""
    buyer_name: str | None
    status: OrderStatus
    disputed: bool
    total: MoneyPart
    lines: list[LinePart]
    admissions: list[AdmissionPart]
    page_path: str
    """`/o/{token}`, the secret order page the mail links to."""
    placed_at: datetime
    paid_at: datetime | None


class OrderPlaced(_OrderMessage):
    """A buyer reserved tickets. Nothing is paid yet."""

    subject: ClassVar[str] = "order.placed"
    listeners: ClassVar[tuple[str, ...]] = ("gateway",)


class OrderPaid(_OrderMessage):
    """The money for an order is with us, or it cost nothing: its admissions are due."""

    subject: ClassVar[str] = "order.paid"
    listeners: ClassVar[tuple[str, ...]] = ("events", "identity", "gateway")


class OrderExpired(_OrderMessage):
    """The time to pay ran out; the tickets went back."""

    subject: ClassVar[str] = "order.expired"
    listeners: ClassVar[tuple[str, ...]] = ("events", "gateway")


class OrderCancelled(_OrderMessage):
    """The buyer or an organiser called an unpaid order off."""

    subject: ClassVar[str] = "order.cancelled"
    listeners: ClassVar[tuple[str, ...]] = ("events", "gateway")


class OrderRefunded(_OrderMessage):
    """Money went back for some or all admissions; those are no longer live."""

    subject: ClassVar[str] = "order.refunded"
    listeners: ClassVar[tuple[str, ...]] = ("events", "gateway")


class _PaymentMessage(Message):
    publisher: ClassVar[str] = "commerce"
    about: ClassVar[str] = "payment_id"

    payment_id: PaymentId
    order_id: OrderId
    organization_id: OrganizationId
    buyer_user_id: UserId
    provider: str
    status: Literal["created", "pending", "succeeded", "failed", "cancelled"]
    total: MoneyPart
    reason: str | None


class PaymentFailed(_PaymentMessage):
    """A provider told us that a payment will not come."""

    subject: ClassVar[str] = "payment.failed"
    listeners: ClassVar[tuple[str, ...]] = ("identity",)


class PaymentReviewNeeded(_PaymentMessage):
    """Money came that fits no order as it stands (late, other amount, twice): a person must decide."""

    subject: ClassVar[str] = "payment.review_needed"
    listeners: ClassVar[tuple[str, ...]] = ("identity",)


class TicketTierAvailabilityChanged(Message):
    """A tier moved among available, few and sold out. Not told for every ticket."""

    publisher: ClassVar[str] = "commerce"
    subject: ClassVar[str] = "ticket_tier.availability_changed"
    listeners: ClassVar[tuple[str, ...]] = ("events",)
    about: ClassVar[str] = "ticket_tier_id"

    ticket_tier_id: TicketTierId
    event_id: EventId
    availability: Literal["available", "few", "sold_out"]
