"""Shows what is on sale for an event, or why it is not, and how much is left."""

from dataclasses import dataclass

from commerce.domain.sale import NotOnSale, why_event_is_closed, why_tier_is_closed
from commerce.domain.stock import Word, availability
from commerce.errors import UnknownEvent
from commerce.store import copies
from commerce.store import stock as stocks
from common.db import Transaction
from common.ids import EventId, TicketTierId


@dataclass(frozen=True, slots=True)
class Offer:
    """One tier as buyers see it. `left` is told only when little is: it is nobody's business how much is not sold."""

    ticket_tier_id: TicketTierId
    closed: NotOnSale | None
    word: Word
    left: int | None


async def read_availability(tx: Transaction, event_id: EventId) -> list[Offer]:
    """Every tier of a public event that was not retired."""
    event = await copies.find_event(tx, event_id)
    if event is None or event.status == "draft":
        raise UnknownEvent(retry_after=1)
    tiers = [tier for tier in await copies.tiers_of(tx, event_id) if not tier.retired]
    counts = await stocks.read_stock(tx, [tier.id for tier in tiers])
    closed = why_event_is_closed(event, tx.now)
    offers = []
    for tier in tiers:
        stock = counts[tier.id]
        word = availability(stock.capacity, stock.left)
        left = None if word == "available" else stock.left
        offers.append(Offer(tier.id, closed or why_tier_is_closed(tier, tx.now), word, left))
    return offers
