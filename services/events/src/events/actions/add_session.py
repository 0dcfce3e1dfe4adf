"""Add a session to an event's agenda."""

from collections.abc import Callable

from common.db import Transaction
from common.ids import EventId
from common.principal import Principal
from events.actions.reach_event import event_to_change
from events.domain.event import require_open
from events.domain.session import Session, checked
from events.store import sessions


async def add_session(
    tx: Transaction, principal: Principal, reference: str, make: Callable[[EventId], Session]
) -> Session:
    """Add the item. Nobody else keeps agendas, so nothing is said."""
    event = await event_to_change(tx, principal, reference)
    require_open(event)
    added = checked(make(event.id), event)
    await sessions.add_session(tx, added)
    return added
