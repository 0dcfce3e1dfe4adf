"""Tells others when a tier moves among available, few and sold out; not for every ticket."""

from commerce.domain.stock import SharedStock, Stock, shared_word, word_of
from commerce.store import event_capacity
from commerce.store import stock as stocks
from common.db import Transaction
from common.messages import TicketTierAvailabilityChanged


async def tell_availability(tx: Transaction, stock: Stock, shared: SharedStock | None) -> None:
    """Say the word for these counts if it is another than was last said. The caller holds the tier's lock, and its
    event's where the event has counts of its own."""
    word = word_of(stock, shared)
    if word == stock.word:
        return
    version = await stocks.set_word(tx, stock.ticket_tier_id, word)
    tx.publish(
        TicketTierAvailabilityChanged(
            ticket_tier_id=stock.ticket_tier_id, event_id=stock.event_id, availability=word, sequence=version
        )
    )


async def remember_shared_word(tx: Transaction, shared: SharedStock) -> None:
    """What an event's tiers share moved among the words: a job tells those tiers this transaction does not hold.

    Telling them here would lock them after the event, against the one order of locking.
    """
    word = shared_word(shared)
    if word != shared.word:
        await event_capacity.set_word(tx, shared.event_id, word, told=False)
