"""Tells others when a tier moves among available, few and sold out; not for every ticket."""

from commerce.domain.stock import Stock, availability
from commerce.store import stock as stocks
from common.db import Transaction
from common.messages import TicketTierAvailabilityChanged


async def tell_availability(tx: Transaction, stock: Stock) -> None:
    """Say the word for these counts if it is another than was last said. The caller holds the tier's lock."""
    word = availability(stock.capacity, stock.left)
    if word == stock.word:
        return
    version = await stocks.set_word(tx, stock.ticket_tier_id, word)
    tx.publish(
        TicketTierAvailabilityChanged(
            ticket_tier_id=stock.ticket_tier_id, event_id=stock.event_id, availability=word, sequence=version
        )
    )
