"""Routes about agendas."""

from fastapi import APIRouter, Request, Response

from common.service import CurrentPrincipal, Db
from common.versions import version_tag
from events.actions.add_session import add_session
from events.actions.read_agenda import read_agenda
from events.api.manners import EventRef, answer
from events.schemas.session import Agenda, NewSession, SessionView

router = APIRouter()


@router.post("/v1/events/{eventId}/sessions", status_code=201, response_model=SessionView)
async def add(
    event_id: EventRef, body: NewSession, principal: CurrentPrincipal, database: Db, request: Request
) -> Response:
    """Add an item to the agenda."""
    async with database.transaction() as tx:
        session = await add_session(tx, principal, event_id, lambda of: body.session(tx, of))
    return answer(request, SessionView.of(session), version_tag(session.version), 201)


@router.get("/v1/events/{eventId}/sessions", response_model=Agenda)
async def list_all(event_id: EventRef, principal: CurrentPrincipal, database: Db, request: Request) -> Response:
    """The agenda, in the order it happens."""
    async with database.transaction() as tx:
        items = await read_agenda(tx, principal, event_id, SessionView.of)
    return answer(request, Agenda(items=items), shown_to=principal)
