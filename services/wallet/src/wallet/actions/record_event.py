"""Hears of an event: published, changed or cancelled."""

from common.db import Transaction
from common.messages import EventCancelled, EventPublished, EventUpdated, WalletPassUpdated
from wallet.actions.announce import announce
from wallet.actions.keep_wallet_pass import keep_wallet_pass
from wallet.store import copies, wallet_passes

AT_ONCE = 200
"""How many passes one transaction works on; `settle_passes` does what is left."""


async def record_event(transaction: Transaction, message: EventPublished | EventUpdated | EventCancelled) -> None:
    """Keep our copy, make the wallet passes that waited for it, and void those of a cancelled event.

    A cancelled event's wallet passes show as void from this commit on, since they are read together with the event;
    telling others of each is done in portions.
    """
    copies.lock_event(transaction, message.event_id, alone=True)
    venue = message.venue
    newer = await copies.save_event(
        transaction,
        {
            "id": message.event_id,
            "organization_id": message.organization_id,
            "name": message.name,
            "status": message.status,
            "starts_at": message.starts_at,
            "ends_at": message.ends_at,
            "timezone": message.timezone,
            "venue": None
            if venue is None
            else {
                "name": venue.name,
                "address": ", ".join(part for part in (venue.address, venue.city) if part) or None,
                "latitude": venue.latitude,
                "longitude": venue.longitude,
            },
            "sequence": message.sequence,
        },
    )
    if not newer:
        return
    for copy, status in await copies.take_waiting_passes(transaction, AT_ONCE, message.event_id):
        await keep_wallet_pass(transaction, copy, status)
    if message.status == "cancelled":
        voided = await wallet_passes.void_some_of_cancelled_events(transaction, AT_ONCE)
        announce(transaction, voided, WalletPassUpdated)
