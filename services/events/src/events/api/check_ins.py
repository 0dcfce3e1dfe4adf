"""Routes about doors."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from events.actions.check_in import check_in
from events.actions.watch_door import count_door, list_check_ins
from events.api.manners import EventRef
from events.formats.pass_code import PassCodes
from events.schemas.check_in import CheckInView, DoorView, NewScan, ScanAnswer

router = APIRouter()


async def current_codes(request: Request) -> PassCodes:
    """What signs and reads pass codes."""
    codes: PassCodes = request.app.state.pass_codes
    return codes


Codes = Annotated[PassCodes, Depends(current_codes)]


@router.post("/v1/check-ins", response_model=ScanAnswer, responses={201: {"model": ScanAnswer}})
async def scan(body: NewScan, principal: CurrentPrincipal, database: Db, codes: Codes) -> Response:
    """Scan a code at a door: 201 when its holder is let through, 200 when not, and when this scan was answered before."""
    async with database.transaction() as tx:
        found = await check_in(tx, principal, codes, body.scan(tx.now))
    status = 200 if found.repeated or found.check_in.reason else 201
    content = ScanAnswer.of(found.check_in).model_dump_json(by_alias=True, exclude_none=True)
    return Response(content, status, media_type="application/json")


@router.get("/v1/events/{eventId}/check-ins", response_model_exclude_none=True)
async def list_all(
    event_id: EventRef, principal: CurrentPrincipal, database: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[CheckInView]:
    """Every attempt at the event's doors, refused ones too, newest first."""
    async with database.transaction() as tx:
        return await list_check_ins(tx, principal, event_id, cursor, limit, CheckInView.of)


@router.get("/v1/events/{eventId}/door")
async def door(event_id: EventRef, principal: CurrentPrincipal, database: Db) -> DoorView:
    """How many may enter, how many did, how many are inside."""
    async with database.transaction() as tx:
        return DoorView.of(await count_door(tx, principal, event_id))
