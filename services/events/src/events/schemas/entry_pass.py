"""Answers about passes."""

from typing import Literal

from common.ids import EventId, OrderId, PassId, TicketTierId, UserId
from common.schemas import View
from events.domain.entry_pass import Pass


class AttendeeView(View):
    """Whom a pass was bought for."""

    name: str | None
    email: str | None


class PassView(View):
    """A pass as it stands. `code` is what the QR carries; only the holder and the buyer see it."""

    id: PassId
    status: Literal["issued", "admitted", "voided"]
    inside: bool
    attendee: AttendeeView
    event_id: EventId
    ticket_tier_id: TicketTierId
    order_id: OrderId
    holder_user_id: UserId | None
    code: str | None

    @classmethod
    def of(cls, entry: Pass, *, show_code: bool) -> "PassView":
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
        )
