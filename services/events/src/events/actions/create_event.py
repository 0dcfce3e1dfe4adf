"""Make an event, as a draft."""

from dataclasses import replace

from common.capabilities import Capability, Scope, require_capability
from common.db import Transaction
from common.principal import Principal
from events.domain.event import Event, checked
from events.domain.slug import slug_beside, slug_of
from events.errors import SlugTaken
from events.store import events


async def create_event(tx: Transaction, principal: Principal, event: Event) -> Event:
    """Add the event with an address made from its name. Nobody is told of it before it is published.

    The organisation's own scope decides: nothing here says yet to which organisation a workspace belongs, so a role in
    a workspace must not reach into whatever organisation a request names beside it.
    """
    scope = Scope(event.organization_id)
    require_capability(principal, Capability.EVENTS_EVENT_WRITE, scope, reading=Capability.EVENTS_EVENT_READ)
    wanted = checked(replace(event, slug=slug_of(event.name)))
    for candidate in (wanted, replace(wanted, slug=slug_beside(wanted.slug, wanted.id))):
        if await events.add_event(tx, candidate):
            return candidate
    raise SlugTaken()
