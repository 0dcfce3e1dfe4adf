"""Show organisers what happens at the doors."""

from collections.abc import Callable
from typing import TypeVar

from common.capabilities import Capability
from common.db import Transaction
from common.principal import Principal
from common.schemas import Page, View
from events.actions.reach_event import event_for
from events.domain.door import CheckIn
from events.store import check_ins, passes
from events.store.passes import DoorCount

Shown = TypeVar("Shown", bound=View)


async def list_check_ins(
    tx: Transaction,
    principal: Principal,
    reference: str,
    cursor: str | None,
    limit: int,
    view: Callable[[CheckIn], Shown],
) -> Page[Shown]:
    """Every attempt at the event's doors, refused ones too, newest first."""
    event = await event_for(tx, principal, reference, Capability.EVENTS_CHECK_IN_READ)
    return await check_ins.page_of_check_ins(tx, event.id, cursor, limit, view)


async def count_door(tx: Transaction, principal: Principal, reference: str) -> DoorCount:
    """How many may enter, did, and are inside."""
    event = await event_for(tx, principal, reference, Capability.EVENTS_CHECK_IN_READ)
    return await passes.door_count(tx, event.id)
