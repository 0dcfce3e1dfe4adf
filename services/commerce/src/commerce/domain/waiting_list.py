"""A waiting list: who is offered the next place.

Strictly by priority, then by time. An entry that wants more than is free waits until that much is free, and those behind
it wait with it: skipping it would let small groups pass a large one for ever. Only who wants more than there is at
all, of the tier or of what its event's tiers share, is passed over, or nobody behind them would ever be served.
Source: Ticketing anchors 12.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from commerce.domain.basket import Attendee, Wish
from commerce.errors import PlacesOfferedAlready
from common.ids import EventId, OrderId, OrganizationId, TicketTierId, UserId, WaitingListEntryId

Status = Literal["waiting", "offered", "left"]

OFFER_WINDOW = timedelta(hours=24)
"""How long an offer stands where the organiser set nothing else."""
HIGHEST_PRIORITY = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """Someone who waits. Name and address are those of the sign-in that joined; an offer is an order in their name."""

    id: WaitingListEntryId
    event_id: EventId
    organization_id: OrganizationId
    ticket_tier_id: TicketTierId
    user_id: UserId
    email: str
    name: str | None
    quantity: int
    attendees: tuple[Attendee, ...]
    priority: int
    status: Status
    joined_at: datetime
    offered_at: datetime | None
    order_id: OrderId | None

    @property
    def wish(self) -> Wish:
        """What they want, as an order asks for it."""
        return Wish(self.ticket_tier_id, self.quantity, self.attendees)


def offered(entry: Entry, order_id: OrderId, now: datetime) -> Entry:
    """Their turn came: the places are held for them by this order."""
    return replace(entry, status="offered", offered_at=now, order_id=order_id)


def left(entry: Entry) -> Entry:
    """They wait no longer. Whoever left before has left. Raises PlacesOfferedAlready."""
    if entry.order_id is not None:
        raise PlacesOfferedAlready(order_id=entry.order_id)
    return replace(entry, status="left")


def offer_ends(now: datetime, window: timedelta, event_ends_at: datetime) -> datetime:
    """An offer stands for the window, and not beyond the event."""
    return min(now + window, event_ends_at)
