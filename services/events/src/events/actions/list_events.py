"""List events: the published ones for everyone, a team's drafts for the team."""

from collections.abc import Callable
from typing import TypeVar

from common.capabilities import Capability, Scope, holds
from common.db import Transaction
from common.ids import OrganizationId
from common.principal import Principal
from common.schemas import Page, View
from events.domain.event import Event
from events.store import events

Shown = TypeVar("Shown", bound=View)


async def list_events(
    tx: Transaction,
    principal: Principal,
    organization_id: OrganizationId | None,
    cursor: str | None,
    limit: int,
    view: Callable[[Event], Shown],
) -> Page[Shown]:
    """Published events; of one organisation also those that are not, as far as the principal may read them."""
    read = Capability.EVENTS_EVENT_READ
    readable = events.within([])
    if organization_id is not None:
        readable = events.within(
            [each for each in principal.workspace_roles if holds(principal, read, Scope(None, each))]
        )
        if holds(principal, read, Scope(organization_id)):
            readable = events.everything()
    return await events.page_of_events(tx, organization_id, readable, cursor, limit, view)
