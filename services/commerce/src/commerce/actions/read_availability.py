"""Shows what is on sale for an event, or why it is not, and how much is left."""

from commerce.domain.offer import Offer, offer_of
from commerce.errors import UnknownEvent
from commerce.store import copies, event_capacity, sale_settings
from commerce.store import stock as stocks
from common.db import Transaction
from common.ids import EventId


async def read_availability(tx: Transaction, event_id: EventId) -> list[Offer]:
    """Every tier of a public event that was not retired, and is not hidden until a code is typed."""
    event = await copies.find_event(tx, event_id)
    if event is None or event.status == "draft":
        raise UnknownEvent(retry_after=1)
    hidden = await sale_settings.hidden_tiers_of(tx, event_id)
    tiers = [tier for tier in await copies.tiers_of(tx, event_id) if not tier.retired and tier.id not in hidden]
    counts = await stocks.read_stock(tx, [tier.id for tier in tiers])
    shared = any(stock.shared for stock in counts.values())
    together = await event_capacity.read(tx, event_id) if shared else None
    return [offer_of(event, tier, counts[tier.id], together, tx.now) for tier in tiers]
