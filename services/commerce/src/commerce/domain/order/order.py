"""An order: who bought what, and how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from commerce.domain.order.parts import (
    AddOnLine,
    CancellationTerms,
    Capture,
    Holding,
    Line,
    Origin,
    Status,
    Sums,
    TakenAs,
)
from commerce.domain.stock import Goods, in_lock_order
from common.ids import EventId, OrderId, OrganizationId, PromoCodeId, TicketTierId, UserId
from common.money import Money


@dataclass(frozen=True, slots=True)
class Order:
    """One buyer's order. The buyer's name and address are those of the sign-in that ordered.

    `made_by` is the principal who made it for the buyer, where staff did, and `taken_as` how they took the money.

    `captured` is all the money that came for it, also too much of it; `refunded` what went back or is about to.
    """

    id: OrderId
    version: int
    event_id: EventId
    event_name: str
    organization_id: OrganizationId
    buyer_user_id: UserId
    buyer_email: str
    buyer_name: str | None
    status: Status
    disputed: bool
    holding: Holding
    total: Money
    sums: Sums
    captured: Money
    refunded: Money
    promo_code_id: PromoCodeId | None
    promo_code: str | None
    origin: Origin
    capture: Capture
    cancellation: CancellationTerms
    reserved_until: datetime | None
    page_token: str
    traceparent: str | None
    placed_at: datetime
    paid_at: datetime | None
    review_reason: str | None
    lines: tuple[Line, ...]
    add_ons: tuple[AddOnLine, ...]
    approval_until: datetime | None = None
    """Until when the organiser may decide; the places are held as long."""
    made_by: str | None = None
    taken_as: TakenAs | None = None

    @property
    def page_path(self) -> str:
        """The secret page that the mail links to."""
        return f"/o/{self.page_token}"

    def places(self) -> Mapping[TicketTierId, int]:
        """How many live admissions it has of each tier, in the one order in which stock is locked."""
        counts = {line.ticket_tier_id: sum(admission.live for admission in line.admissions) for line in self.lines}
        return {tier: counts[tier] for tier in in_lock_order(counts)}

    def goods(self) -> Goods:
        """What it has of the stock: live admissions, and add-ons that were not returned."""
        return Goods(self.places(), {line.add_on_id: line.quantity - line.returned for line in self.add_ons})
