"""Show an event's agenda."""

from collections.abc import Callable
from typing import TypeVar

from common.db import Transaction
from common.principal import Principal
from common.schemas import View
from events.actions.reach_event import readable_event
from events.domain.session import Session
from events.store import sessions

Shown = TypeVar("Shown", bound=View)


async def read_agenda(
    tx: Transaction, principal: Principal, reference: str, view: Callable[[Session], Shown]
) -> list[Shown]:
    """The sessions in the order they begin, for whoever may know of the event."""
    event = await readable_event(tx, principal, reference)
    return await sessions.agenda(tx, event.id, view)
