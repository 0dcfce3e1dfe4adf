"""What events says."""

from datetime import datetime
from typing import ClassVar, Literal

from common.capabilities import Capability
from common.ids import (
    CheckInId,
    EventId,
    GateId,
    OrderId,
    OrderLineId,
    OrganizationId,
    PassId,
    TicketTierId,
    UserId,
    WorkspaceId,
)
from common.messages.audience import Audience, Team, Users
from common.messages.base import Message, MoneyPart, Part


class VenuePart(Part):
    """Where a gathering takes place. Every field but the name may be unknown."""

    name: str
    address: str | None = None
    city: str | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    latitude: float | None = None
    longitude: float | None = None


class _EventMessage(Message):
    publisher: ClassVar[str] = "events"
    about: ClassVar[str] = "event_id"

    event_id: EventId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    name: str
    slug: str
    description: str | None
    status: Literal["draft", "published", "ended", "cancelled"]
    starts_at: datetime
    ends_at: datetime
    timezone: str
    """IANA name, for showing local times."""
    venue: VenuePart | None
    currency: str | None


class EventPublished(_EventMessage):
    """An organiser made an event public."""

    subject: ClassVar[str] = "event.published"
    listeners: ClassVar[tuple[str, ...]] = ("commerce", "dp", "wallet")


class EventUpdated(_EventMessage):
    """A published event changed its name, words, time, place or currency, or ended."""

    subject: ClassVar[str] = "event.updated"
    listeners: ClassVar[tuple[str, ...]] = ("commerce", "dp", "wallet")


class EventCancelled(_EventMessage):
    """An organiser called an event off. Whoever holds passes or money for it acts on this alone."""

    subject: ClassVar[str] = "event.cancelled"
    listeners: ClassVar[tuple[str, ...]] = ("commerce", "dp", "wallet")


class TicketTierSaved(Message):
    """A ticket tier was made or changed, also while its event is a draft. Stock is commerce's from here on."""

    publisher: ClassVar[str] = "events"
    subject: ClassVar[str] = "ticket_tier.saved"
    listeners: ClassVar[tuple[str, ...]] = ("commerce", "wallet")
    about: ClassVar[str] = "ticket_tier_id"

    ticket_tier_id: TicketTierId
    event_id: EventId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    name: str
    price: MoneyPart | None
    """None for a free tier of an event that has no currency yet."""
    capacity: int
    sales_start_at: datetime | None
    sales_end_at: datetime | None
    min_per_order: int
    max_per_order: int
    event_status: Literal["draft", "published", "ended", "cancelled"]
    event_ends_at: datetime
    retired: bool


class _PassMessage(Message):
    publisher: ClassVar[str] = "events"
    about: ClassVar[str] = "pass_id"
    audience: ClassVar[Audience | None] = Users(
        ("holder_user_id", "buyer_user_id"),
        (
            "sequence",
            "pass_id",
            "order_id",
            "order_line_id",
            "ordinal",
            "event_id",
            "ticket_tier_id",
            "ticket_tier_name",
            "status",
            "generation",
            "attendee_name",
        ),
    )
    """Without the code: buyer and holder may be two, and events knows which of them may see it."""

    pass_id: PassId
    order_id: OrderId
    order_line_id: OrderLineId
    ordinal: int
    event_id: EventId
    organization_id: OrganizationId
    ticket_tier_id: TicketTierId
    ticket_tier_name: str
    status: Literal["issued", "admitted", "voided"]
    generation: int
    """Grows with every transfer; a wallet pass belongs to (pass, generation)."""
    code: str
    """What the QR carries. Wallet needs it to draw the barcode."""
    attendee_name: str | None
    """Printed on the wallet pass."""
    holder_user_id: UserId | None
    holder_email: str | None
    """identity mails the attendee who has an address of their own."""
    buyer_user_id: UserId
    """The buyer may fetch the wallet passes of the whole order."""


class PassIssued(_PassMessage):
    """An admission of a paid order became a pass."""

    subject: ClassVar[str] = "pass.issued"
    listeners: ClassVar[tuple[str, ...]] = ("wallet", "gateway")


class PassUpdated(_PassMessage):
    """A pass got a holder or names somebody else, or its admission is live again. With another address it has a new
    generation and a new code."""

    subject: ClassVar[str] = "pass.updated"
    listeners: ClassVar[tuple[str, ...]] = ("wallet", "gateway")


class PassVoided(_PassMessage):
    """A pass lost its right to enter, because its admission was refunded or cancelled."""

    subject: ClassVar[str] = "pass.voided"
    listeners: ClassVar[tuple[str, ...]] = ("wallet", "gateway")


class CheckInRecorded(Message):
    """Somebody was admitted or left at a door. Refused scans are not told."""

    publisher: ClassVar[str] = "events"
    subject: ClassVar[str] = "check_in.recorded"
    listeners: ClassVar[tuple[str, ...]] = ("commerce",)
    about: ClassVar[str] = "pass_id"

    check_in_id: CheckInId
    pass_id: PassId
    event_id: EventId
    order_id: OrderId
    order_line_id: OrderLineId
    ordinal: int
    direction: Literal["in", "out"]
    inside: bool
    gate_id: GateId | None
    scanned_at: datetime


class DoorCounted(Message):
    """The doors of an event stand otherwise than last told: at most once a second for each event."""

    publisher: ClassVar[str] = "events"
    subject: ClassVar[str] = "door.counted"
    listeners: ClassVar[tuple[str, ...]] = ("gateway",)
    about: ClassVar[str] = "event_id"
    audience: ClassVar[Audience | None] = Team(
        Capability.EVENTS_CHECK_IN_READ, ("sequence", "event_id", "issued", "admitted", "inside", "counted_at")
    )

    event_id: EventId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    issued: int
    """Passes that may enter."""
    admitted: int
    """Those that have entered at least once."""
    inside: int
    counted_at: datetime
