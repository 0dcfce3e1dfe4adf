"""What commerce says."""

from datetime import datetime
from typing import ClassVar, Literal

from common.ids import (
    AddOnId,
    EventId,
    OrderId,
    OrderLineId,
    OrganizationId,
    PaymentId,
    RefundId,
    TicketTierId,
    UserId,
    WaitingListEntryId,
    WebhookEndpointId,
)
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


class AddOnPart(Part):
    """What was bought beside tickets, for receipts and mails. `returned` is how many of them were refunded."""

    line_id: OrderLineId
    add_on_id: AddOnId
    add_on_name: str
    quantity: int
    returned: int
    unit_price: MoneyPart


class _AboutAnOrder(Message):
    publisher: ClassVar[str] = "commerce"
    about: ClassVar[str] = "order_id"

    order_id: OrderId
    event_name: str
    organization_id: OrganizationId
    buyer_user_id: UserId
    buyer_email: str
    """identity mails the buyer, and nobody else does; events lets the buyer read the passes."""
    page_path: str
    """`/o/{token}`, the secret order page the mail links to."""


class _OrderMessage(_AboutAnOrder):
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

    event_id: EventId
    buyer_name: str | None
    status: OrderStatus
    disputed: bool
    total: MoneyPart
    lines: list[LinePart]
    admissions: list[AdmissionPart]
    placed_at: datetime
    paid_at: datetime | None
    add_ons: tuple[AddOnPart, ...] = ()
    discount: MoneyPart | None = None
    """What was taken off; with `fees` and `tax` what receipts and mails say of how the total comes about."""
    fees: MoneyPart | None = None
    """What the buyer pays beside lines and add-ons."""
    tax: MoneyPart | None = None
    """What of the total is tax."""
    refunded: MoneyPart | None = None
    """What of it went back, or is about to."""
    said_again: bool = False
    """Nothing happened: it is said for copies to be rebuilt, and organisers' own systems are not told."""


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
    """Money came that fits no order as it stands (late, other amount, twice): a person must decide, or it goes back."""

    subject: ClassVar[str] = "payment.review_needed"
    listeners: ClassVar[tuple[str, ...]] = ("identity",)

    refund_id: RefundId | None = None
    """The refund by which it goes back by itself; without one, a person must decide."""


class OrderRejected(_AboutAnOrder):
    """The organiser said no to an order that waited for them. Nothing was charged; `order.cancelled` says the rest."""

    subject: ClassVar[str] = "order.rejected"
    listeners: ClassVar[tuple[str, ...]] = ("identity",)

    event_id: EventId
    reason: str


class OrderResendRequested(_AboutAnOrder):
    """The buyer, or staff for them, asked for the mail about an order once more. The order itself did not move."""

    subject: ClassVar[str] = "order.resend_requested"
    listeners: ClassVar[tuple[str, ...]] = ("identity",)

    status: OrderStatus
    lines: list[LinePart]
    request: int
    """How manyth request this is for the order: one mail is sent for each."""


class WaitingListPlacesOffered(Message):
    """Places became free for someone on a waiting list: an order is placed in their name, and kept until a time."""

    publisher: ClassVar[str] = "commerce"
    subject: ClassVar[str] = "waiting_list.places_offered"
    listeners: ClassVar[tuple[str, ...]] = ("identity",)
    about: ClassVar[str] = "entry_id"

    entry_id: WaitingListEntryId
    order_id: OrderId
    event_id: EventId
    event_name: str
    timezone: str
    """IANA name, for saying until when the offer stands."""
    organization_id: OrganizationId
    user_id: UserId
    email: str
    """identity mails whoever waited; nobody else tells them."""
    ticket_tier_name: str
    quantity: int
    total: MoneyPart
    page_path: str
    """`/o/{token}`, the secret order page the mail links to."""
    reserved_until: datetime


class TicketTierAvailabilityChanged(Message):
    """A tier moved among available, few and sold out. Not told for every ticket."""

    publisher: ClassVar[str] = "commerce"
    subject: ClassVar[str] = "ticket_tier.availability_changed"
    listeners: ClassVar[tuple[str, ...]] = ("events",)
    about: ClassVar[str] = "ticket_tier_id"

    ticket_tier_id: TicketTierId
    event_id: EventId
    availability: Literal["available", "few", "sold_out"]


class WebhookEndpointDisabled(Message):
    """An organiser's system hears no more of orders: it said that it is gone, or took nothing for five days."""

    publisher: ClassVar[str] = "commerce"
    subject: ClassVar[str] = "webhook_endpoint.disabled"
    listeners: ClassVar[tuple[str, ...]] = ("identity",)
    about: ClassVar[str] = "webhook_endpoint_id"

    webhook_endpoint_id: WebhookEndpointId
    organization_id: OrganizationId
    host: str
    """Of its address, for people; the rest of it may hold a secret."""
    reason: Literal["gone", "failing"]
