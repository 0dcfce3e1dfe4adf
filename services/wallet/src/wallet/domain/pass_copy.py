"""What we know of a pass, and what follows from it for its wallet pass."""

from dataclasses import dataclass
from typing import Literal

from common.ids import EventId, OrderId, OrganizationId, PassId, TicketTierId, UserId, WalletPassId

Status = Literal["live", "voided"]


@dataclass(frozen=True, slots=True)
class PassCopy:
    """A pass as events told it. `generation` grows with every transfer."""

    id: PassId
    order_id: OrderId
    event_id: EventId
    organization_id: OrganizationId
    ticket_tier_id: TicketTierId
    ticket_tier_name: str
    status: str
    generation: int
    code: str
    attendee_name: str | None
    holder_user_id: UserId | None
    buyer_user_id: UserId
    sequence: int


@dataclass(frozen=True, slots=True)
class WalletPassState:
    """A wallet pass as others are told of it. Its key is for the order's secret page."""

    id: WalletPassId
    pass_id: PassId
    order_id: OrderId
    ticket_tier_name: str
    attendee_name: str | None
    link_key: str
    generation: int
    event_id: EventId
    holder_user_id: UserId | None
    buyer_user_id: UserId
    status: Status
    version: int


def wallet_status(copy: PassCopy, event_status: str) -> Status:
    """A wallet pass is void with its pass, and with its event; nothing makes it valid again."""
    return "voided" if copy.status == "voided" or event_status == "cancelled" else "live"
