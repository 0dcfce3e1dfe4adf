"""Shows waiting lists: to those who wait where they do, to staff who waits for their event."""

from collections.abc import Callable
from typing import TypeVar

from commerce.domain.sale import Event
from commerce.domain.waiting_list import Entry, Status
from commerce.errors import UnknownEvent
from commerce.store import copies, waiting
from common.capabilities import Capability, Scope, holds, require_capability
from common.db import Transaction
from common.ids import EventId
from common.principal import Principal
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)


async def list_own_entries(
    tx: Transaction, principal: Principal, cursor: str | None, limit: int, view: Callable[[Entry, int], Model]
) -> Page[Model]:
    """Where the caller waits or waited."""
    return await waiting.entries_of_user(tx, principal.require_user(), cursor, limit, view)


async def list_entries_of_event(
    tx: Transaction,
    principal: Principal,
    event_id: EventId,
    status: Status | None,
    cursor: str | None,
    limit: int,
    view: Callable[[Entry, int], Model],
) -> Page[Model]:
    """Who waits for an event, for staff of its organisation who may read orders."""
    await require_staff(tx, principal, event_id, Capability.COMMERCE_ORDER_READ)
    return await waiting.entries_of_event(tx, event_id, status, cursor, limit, view)


async def require_staff(tx: Transaction, principal: Principal, event_id: EventId, capability: Capability) -> None:
    """Let staff of the event's organisation pass who hold the capability. A draft is unknown to everyone else."""
    event = await copies.find_event(tx, event_id)
    if event is None:
        raise UnknownEvent(retry_after=1)
    require_staff_of(principal, event, capability)


def require_staff_of(principal: Principal, event: Event, capability: Capability) -> None:
    """As `require_staff`, of an event that is known."""
    scope = Scope(event.organization_id, event.workspace_id)
    if event.status == "draft" and not holds(principal, capability, scope):
        raise UnknownEvent(retry_after=1)
    require_capability(principal, capability, scope, public=True)
