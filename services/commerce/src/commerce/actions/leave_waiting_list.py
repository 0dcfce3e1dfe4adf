"""Takes someone off a waiting list."""

from commerce.actions.tell_availability import tell_availability
from commerce.domain.waiting_list import Entry, left
from commerce.errors import UnknownWaitingListEntry
from commerce.store import event_capacity, waiting
from common.capabilities import Capability, Scope, holds
from common.db import Transaction
from common.ids import WaitingListEntryId
from common.principal import Principal


async def leave_waiting_list(tx: Transaction, principal: Principal, entry_id: WaitingListEntryId) -> None:
    """By themselves, or by staff. Whoever left before has left. Raises UnknownWaitingListEntry, PlacesOfferedAlready."""
    entry = await waiting.lock_entry(tx, entry_id)
    if entry is None or not _may_remove(principal, entry):
        raise UnknownWaitingListEntry()
    if entry.status == "left":
        return
    await waiting.save_entry(tx, left(entry))
    stock = await waiting.stop_waiting(tx, entry)
    shared = await event_capacity.lock(tx, entry.event_id) if stock.shared else None
    await tell_availability(tx, stock, shared)


def _may_remove(principal: Principal, entry: Entry) -> bool:
    if principal.user_id == entry.user_id:
        return True
    return holds(principal, Capability.COMMERCE_ORDER_WRITE, Scope(entry.organization_id))
