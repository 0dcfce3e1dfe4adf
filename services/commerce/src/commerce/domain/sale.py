"""What is sold, as organisers set it up: copies of what events and identity say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from common.ids import EventId, OrganizationId, TicketTierId, WorkspaceId
from common.money import Money

EventStatus = Literal["draft", "published", "ended", "cancelled"]
NotOnSale = Literal[
    "not_published",
    "event_cancelled",
    "event_over",
    "organization_suspended",
    "not_started",
    "ended",
    "retired",
    "code_needed",
]


@dataclass(frozen=True, slots=True)
class Organization:
    """A seller. `backer_tiers` are those its present owners claimed in the crowdfunding, each once."""

    id: OrganizationId
    name: str
    suspended: bool
    backer_tiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A gathering, as far as selling and showing an order needs it."""

    id: EventId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    name: str
    status: EventStatus
    starts_at: datetime
    ends_at: datetime
    timezone: str
    venue_name: str | None
    currency: str | None
    organization_suspended: bool = False
    """Not until we hear of it: events may be told of before their organisation is."""


@dataclass(frozen=True, slots=True)
class TicketTier:
    """One kind of ticket. `price` is None while a free tier's event has no currency."""

    id: TicketTierId
    event_id: EventId
    name: str
    price: Money | None
    sales_start_at: datetime | None
    sales_end_at: datetime | None
    min_per_order: int
    max_per_order: int
    retired: bool


def why_event_is_closed(event: Event, now: datetime) -> NotOnSale | None:
    """Nothing is sold before an event is published, after it was cancelled, once it is over, or for a suspended seller."""
    if event.status == "cancelled":
        return "event_cancelled"
    if event.status == "ended" or now >= event.ends_at:
        return "event_over"
    if event.status != "published":
        return "not_published"
    return "organization_suspended" if event.organization_suspended else None


def why_tier_is_closed(tier: TicketTier, now: datetime) -> NotOnSale | None:
    """A tier is on sale from the start of its window up to, not including, its end, unless it was retired."""
    if tier.retired:
        return "retired"
    if tier.sales_start_at is not None and now < tier.sales_start_at:
        return "not_started"
    if tier.sales_end_at is not None and now >= tier.sales_end_at:
        return "ended"
    return None
