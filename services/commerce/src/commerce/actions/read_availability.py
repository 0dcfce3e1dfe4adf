"""Shows what is on sale for an event, or why it is not, and how much is left."""

from commerce.domain.offer import Offer, offer_of
from commerce.errors import UnknownEvent
from commerce.store import copies
from commerce.store import stock as stocks
from common.db import Transaction
from common.ids import EventId


async def read_availability(tx: Transaction, event_id: EventId) -> list[Offer]:
    """Every tier of a public event that was not retired."""
    event = await copies.find_event(tx, event_id)
    if event is None or event.status == "draft":
        raise UnknownEvent(retry_after=1)
    tiers = [tier for tier in await copies.tiers_of(tx, event_id) if not tier.retired]
    counts = await stocks.read_stock(tx, [tier.id for tier in tiers])
    return [offer_of(event, tier, counts[tier.id], tx.now) for tier in tiers]
