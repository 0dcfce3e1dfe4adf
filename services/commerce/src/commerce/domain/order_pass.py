"""A pass of an order, as far as the order's page shows it."""

from dataclasses import dataclass
from typing import Literal

from common.ids import OrderId, PassId, WalletPassId

FIRST_GENERATION = 1


@dataclass(frozen=True, slots=True)
class OrderPass:
    """A pass that can be put on a phone. `link_key` opens it without a sign-in; None once it may not be opened from here."""

    id: WalletPassId
    order_id: OrderId
    pass_id: PassId
    generation: int
    status: Literal["ready", "voided"]
    ticket_tier_name: str
    attendee_name: str | None
    link_key: str | None

    @property
    def handed_on(self) -> bool:
        """It is somebody else's now: the buyer's page is not to open it."""
        return self.generation > FIRST_GENERATION
