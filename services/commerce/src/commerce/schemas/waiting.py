"""Waiting lists: who waits, and what staff may change."""

from datetime import datetime

from pydantic import Field

from commerce.domain.waiting_list import HIGHEST_PRIORITY, Entry, Status
from commerce.schemas.orders import NewLine
from common.ids import EventId, OrderId, TicketTierId, WaitingListEntryId
from common.schemas import Body, View


class NewWaitingListEntry(NewLine):
    """What someone waits for."""


class WaitingListEntryChange(Body):
    """Who is served earlier: the higher, the earlier; everyone begins with 0."""

    priority: int = Field(ge=-HIGHEST_PRIORITY, le=HIGHEST_PRIORITY, strict=True)


class WaitingListSettings(Body):
    """How long an offer stands, in minutes: a quarter of an hour to thirty days; a day where nothing was set."""

    offer_minutes: int = Field(ge=15, le=43_200, strict=True)


class WaitingListEntryView(View):
    """Someone's place in a waiting list. `ahead` is how many are served before them; `orderId` is the offer they got."""

    id: WaitingListEntryId
    event_id: EventId
    ticket_tier_id: TicketTierId
    quantity: int
    status: Status
    ahead: int | None
    joined_at: datetime
    offered_at: datetime | None
    order_id: OrderId | None

    @classmethod
    def of(cls, entry: Entry, ahead: int) -> "WaitingListEntryView":
        """From the domain's value."""
        return cls(
            id=entry.id,
            event_id=entry.event_id,
            ticket_tier_id=entry.ticket_tier_id,
            quantity=entry.quantity,
            status=entry.status,
            ahead=ahead if entry.status == "waiting" else None,
            joined_at=entry.joined_at,
            offered_at=entry.offered_at,
            order_id=entry.order_id,
        )


class WaitingListEntryForStaff(WaitingListEntryView):
    """The same with who they are and how early they are served."""

    email: str
    name: str | None
    priority: int

    @classmethod
    def of(cls, entry: Entry, ahead: int) -> "WaitingListEntryForStaff":
        """From the domain's value."""
        plain = WaitingListEntryView.of(entry, ahead)
        return cls(**dict(plain), email=entry.email, name=entry.name, priority=entry.priority)
