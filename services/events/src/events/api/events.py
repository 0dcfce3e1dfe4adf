"""Routes about events."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from common.ids import OrganizationId
from common.principal import Principal
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from common.versions import IF_MATCH_REQUIRED, IfMatch, version_tag
from events.actions.cancel_event import cancel_event
from events.actions.change_event import change_event
from events.actions.create_event import create_event
from events.actions.list_events import list_events
from events.actions.publish_event import publish_event
from events.actions.reach_event import readable_event
from events.api.manners import EventRef, answer
from events.domain.event import Event
from events.schemas.event import EventChanges, EventView, NewEvent

router = APIRouter()

Organization = Annotated[OrganizationId | None, Query(alias="organizationId", description="its team sees drafts, too")]


@router.post("/v1/events", status_code=201, response_model=EventView)
async def create(body: NewEvent, principal: CurrentPrincipal, database: Db, request: Request) -> Response:
    """Make a draft."""
    async with database.transaction() as tx:
        event = await create_event(tx, principal, body.event(tx))
    return _answer(request, event, 201)


@router.get("/v1/events", response_model=Page[EventView])
async def list_all(
    principal: CurrentPrincipal,
    database: Db,
    request: Request,
    organization_id: Organization = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Published events, newest first; with `organizationId` its team also gets the others."""
    async with database.transaction() as tx:
        page = await list_events(tx, principal, organization_id, cursor, limit, EventView.of)
    return answer(request, page, shown_to=principal)


@router.get("/v1/events/{eventId}", response_model=EventView)
async def read(event_id: EventRef, principal: CurrentPrincipal, database: Db, request: Request) -> Response:
    """One event, by id or slug: for everyone once it was published, for its team before."""
    async with database.transaction() as tx:
        event = await readable_event(tx, principal, event_id)
    return _answer(request, event, shown_to=principal)


@router.patch("/v1/events/{eventId}", response_model=EventView, openapi_extra=IF_MATCH_REQUIRED)
async def change(
    event_id: EventRef,
    body: EventChanges,
    principal: CurrentPrincipal,
    database: Db,
    request: Request,
    expected: IfMatch,
) -> Response:
    """Change an event. `If-Match` carries the ETag that was read; `*` changes whatever there is."""
    async with database.transaction() as tx:
        event = await change_event(tx, principal, event_id, body.changes(), expected)
    return _answer(request, event)


@router.post("/v1/events/{eventId}/publish", response_model=EventView)
async def publish(event_id: EventRef, principal: CurrentPrincipal, database: Db, request: Request) -> Response:
    """Make a draft public. Again: the same answer, and nothing happens."""
    async with database.transaction() as tx:
        event = await publish_event(tx, principal, event_id)
    return _answer(request, event)


@router.post("/v1/events/{eventId}/cancel", response_model=EventView)
async def cancel(event_id: EventRef, principal: CurrentPrincipal, database: Db, request: Request) -> Response:
    """Call an event off, for good. Again: the same answer, and nothing happens."""
    async with database.transaction() as tx:
        event = await cancel_event(tx, principal, event_id)
    return _answer(request, event)


def _answer(request: Request, event: Event, status: int = 200, shown_to: Principal | None = None) -> Response:
    return answer(request, EventView.of(event), version_tag(event.version), status, shown_to=shown_to)
