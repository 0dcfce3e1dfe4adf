"""Answers about passes."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from common.ids import EventId, OrderId, PassId, TicketTierId, UserId
from common.schemas import View
from events.domain.entry_pass import Pass
from events.domain.event import Event
from events.schemas.event import VenueView


class AttendeeView(View):
    """Whom a pass was bought for."""

    name: str | None
    email: str | None


class EventOfPassView(View):
    """What a pass leads to."""

    name: str
    slug: str
    status: Literal["draft", "published", "ended", "cancelled"]
    starts_at: datetime
    ends_at: datetime
    doors_open_at: datetime | None
    timezone: str
    venue: VenueView | None

    @classmethod
    def of(cls, event: Event) -> "EventOfPassView":
        """From the domain's value."""
        values = {name: getattr(event, name) for name in cls.model_fields if name != "venue"}
        return cls(venue=None if event.venue is None else VenueView(**asdict(event.venue)), **values)


class PassView(View):
    """A pass as it stands. `code` is what the QR carries; only the holder and the buyer see it.

    `event` is told where upcoming passes are asked for, and null elsewhere.
    """

    id: PassId
    status: Literal["issued", "admitted", "voided"]
    inside: bool
    attendee: AttendeeView
    event_id: EventId
    ticket_tier_id: TicketTierId
    order_id: OrderId
    holder_user_id: UserId | None
    code: str | None
    event: EventOfPassView | None = None

    @classmethod
    def of(cls, entry: Pass, *, show_code: bool, event: Event | None = None) -> "PassView":
        """From the domain's value."""
        return cls(
            id=entry.id,
            status=entry.status,
            inside=entry.inside,
            attendee=AttendeeView(name=entry.attendee.name, email=entry.attendee.email),
            event_id=entry.event_id,
            ticket_tier_id=entry.ticket_tier_id,
            order_id=entry.order_id,
            holder_user_id=entry.holder.user_id,
            code=entry.code if show_code else None,
            event=None if event is None else EventOfPassView.of(event),
        )

    @classmethod
    def upcoming(cls, entry: Pass, event: Event) -> "PassView":
        """A pass of one's own, beside what it leads to."""
        return cls.of(entry, show_code=True, event=event)
