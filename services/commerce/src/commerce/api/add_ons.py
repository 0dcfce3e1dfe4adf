"""What is sold beside tickets."""

from fastapi import APIRouter, Response

from commerce.actions.manage_add_ons import add_add_on, change_add_on, read_add_ons
from commerce.domain.sale import why_event_is_closed
from commerce.schemas.add_ons import AddOnBody, AddOnChanges, AddOns, AddOnView, OfferedAddOn
from common.idempotency import Once
from common.ids import AddOnId, EventId
from common.service import CurrentPrincipal, Db
from common.versions import IF_MATCH_TAKEN, IfMatch

router = APIRouter()


@router.post("/v1/events/{event_id}/add-ons", status_code=201, response_model=AddOnView)
async def add(event_id: EventId, body: AddOnBody, principal: CurrentPrincipal, once: Once) -> Response:
    """Put something on sale beside an event's tickets, in the event's currency."""
    wanted = body.wanted()
    return await once.run(lambda tx: add_add_on(tx, principal, event_id, wanted), AddOnView.of, status=201)


@router.get("/v1/events/{event_id}/add-ons")
async def show(event_id: EventId, principal: CurrentPrincipal, database: Db) -> AddOns:
    """What is sold beside an event's tickets, oldest first."""
    async with database.transaction() as tx:
        event, found, stock = await read_add_ons(tx, principal, event_id)
    closed = why_event_is_closed(event, tx.now)
    return AddOns(items=[OfferedAddOn.of(add_on, stock[add_on.id], closed, tx.now) for add_on in found])


@router.patch("/v1/add-ons/{add_on_id}", openapi_extra=IF_MATCH_TAKEN)
async def change(
    add_on_id: AddOnId, body: AddOnChanges, principal: CurrentPrincipal, database: Db, if_match: IfMatch
) -> AddOnView:
    """Change an add-on. Orders that hold it keep their price; with `If-Match` only if nobody changed it in the meantime."""
    async with database.transaction() as tx:
        add_on = await change_add_on(tx, principal, add_on_id, body.changes(), if_match or None)
    return AddOnView.of(add_on)
