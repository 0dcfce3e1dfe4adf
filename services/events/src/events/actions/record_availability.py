"""Hears from commerce that a tier moved among available, few and sold out."""

from common.db import Transaction
from common.messages import TicketTierAvailabilityChanged
from events.store import copies


async def record_availability(tx: Transaction, message: TicketTierAvailabilityChanged) -> None:
    """Keep the word, to be shown with the tier."""
    values = {
        "ticket_tier_id": message.ticket_tier_id,
        "availability": message.availability,
        "sequence": message.sequence,
    }
    await copies.save_availability(tx, values)
