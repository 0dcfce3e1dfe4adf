"""What is on sale, and how much is left."""

from typing import Literal

from commerce.domain.offer import Offer
from commerce.domain.sale import NotOnSale
from commerce.domain.stock import Word
from common.ids import TicketTierId
from common.schemas import View


class TierAvailability(View):
    """Whether a tier can be ordered now, and how much is left where little is."""

    ticket_tier_id: TicketTierId
    on_sale: bool
    reason: NotOnSale | Literal["sold_out"] | None = None
    availability: Word
    left: int | None = None

    @classmethod
    def of(cls, offer: Offer) -> "TierAvailability":
        """From the domain's value."""
        sold_out: Literal["sold_out"] | None = "sold_out" if offer.word == "sold_out" else None
        reason = offer.closed or sold_out
        return cls(
            ticket_tier_id=offer.ticket_tier_id,
            on_sale=reason is None,
            reason=reason,
            availability=offer.word,
            left=offer.left,
        )


class Availability(View):
    """What is on sale for an event."""

    tiers: list[TierAvailability]
