"""The only ways to an event on somebody's behalf: to read it, or to lock it for a change they may make."""

from common.capabilities import Capability, Scope, holds, require_capability
from common.db import Transaction
from common.ids import EventId
from common.principal import Principal
from events.domain.event import Event
from events.errors import ChangedMeanwhile, IfMatchMissing, NoSuchEvent
from events.store import events


def scope_of(event: Event) -> Scope:
    """Whose row it is."""
    return Scope(event.organization_id, event.workspace_id)


async def readable_event(tx: Transaction, principal: Principal, reference: EventId | str) -> Event:
    """An event that is public, or whose team the principal belongs to. Refuses with 404 otherwise."""
    event = await events.find_event(tx, reference)
    if event is None or not (event.is_public or holds(principal, Capability.EVENTS_EVENT_READ, scope_of(event))):
        raise NoSuchEvent()
    return event


async def event_for(tx: Transaction, principal: Principal, reference: EventId | str, capability: Capability) -> Event:
    """An event, where the principal holds the capability for it. Refuses with 404 or 403 otherwise."""
    event = await events.find_event(tx, reference)
    if event is None or not may_know(principal, capability, event):
        raise NoSuchEvent()
    require_capability(principal, capability, scope_of(event), reading=Capability.EVENTS_EVENT_READ)
    return event


def may_know(principal: Principal, capability: Capability, event: Event) -> bool:
    """Whether the principal works with this event at all. Who does not is answered as if it were not there."""
    scope = scope_of(event)
    return holds(principal, capability, scope) or holds(principal, Capability.EVENTS_EVENT_READ, scope)


async def event_to_change(
    tx: Transaction,
    principal: Principal,
    reference: EventId | str,
    capability: Capability = Capability.EVENTS_EVENT_WRITE,
) -> Event:
    """As `event_for`, and locked."""
    event = await event_for(tx, principal, reference, capability)
    locked = await events.lock_event(tx, event.id)
    if locked is None:
        raise NoSuchEvent()
    return locked


def require_version(expected: int | None, version: int) -> None:
    """Refuse a change of something that is no longer what the caller read. `expected` of 0 means whatever there is."""
    if expected is None:
        raise IfMatchMissing()
    if expected not in (0, version):
        raise ChangedMeanwhile()
