"""What staff decide about a waiting list: who is served earlier, and how long an offer stands."""

from dataclasses import replace
from datetime import timedelta

from commerce.actions.read_waiting_lists import require_staff
from commerce.domain.waiting_list import Entry
from commerce.errors import UnknownWaitingListEntry
from commerce.store import waiting
from common.capabilities import Capability, Scope, holds, require_capability
from common.db import Transaction
from common.ids import EventId, WaitingListEntryId
from common.principal import Principal


async def change_priority(
    tx: Transaction, principal: Principal, entry_id: WaitingListEntryId, priority: int
) -> tuple[Entry, int]:
    """The higher, the earlier. What was offered already stays offered."""
    entry = await waiting.lock_entry(tx, entry_id)
    if entry is None or not holds(principal, Capability.COMMERCE_ORDER_READ, Scope(entry.organization_id)):
        raise UnknownWaitingListEntry()
    require_capability(principal, Capability.COMMERCE_ORDER_WRITE, Scope(entry.organization_id), public=True)
    after = replace(entry, priority=priority)
    await waiting.save_entry(tx, after)
    return after, await waiting.count_ahead(tx, after)


async def change_offer_window(tx: Transaction, principal: Principal, event_id: EventId, window: timedelta) -> None:
    """Offers already made keep their time."""
    await require_staff(tx, principal, event_id, Capability.COMMERCE_SALE_WRITE)
    await waiting.save_offer_window(tx, event_id, window)
