"""One tier as buyers see it: on sale or why not, and how much is left."""

from dataclasses import dataclass
from datetime import datetime

from commerce.domain.sale import Event, NotOnSale, TicketTier, why_event_is_closed, why_tier_is_closed
from commerce.domain.stock import SharedStock, Stock, Word, smaller, word_of
from common.ids import TicketTierId


@dataclass(frozen=True, slots=True)
class Offer:
    """`closed` says why it is not on sale. `left` is told only when little is: how much is not sold is nobody's business."""

    ticket_tier_id: TicketTierId
    closed: NotOnSale | None
    word: Word
    left: int | None


def offer_of(event: Event, tier: TicketTier, stock: Stock, shared: SharedStock | None, now: datetime) -> Offer:
    """What closes the event closes each of its tiers, and none has more left than they have together."""
    word = word_of(stock, shared)
    closed = why_event_is_closed(event, now) or why_tier_is_closed(tier, now)
    return Offer(
        tier.id,
        closed,
        word,
        None if word == "available" else smaller(stock.left, None if shared is None else shared.left),
    )
