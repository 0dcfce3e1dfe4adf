"""What is changed of an order that exists: its items and its time while it is not paid, and who comes."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from commerce.actions.change_order import change_order
from commerce.actions.extend_order import extend_order
from commerce.actions.make_order import make_order
from commerce.actions.name_attendee import name_attendee
from commerce.api.state import CurrentPlatformFee
from commerce.domain.basket import MOST_ADMISSIONS
from commerce.schemas.order_changes import ChangedItems, MadeOrder, NewHolder
from commerce.schemas.orders import OrderView
from common.idempotency import Once
from common.ids import EventId, OrderId, OrderLineId
from common.service import CurrentPrincipal, Db
from common.versions import IF_MATCH_REQUIRED, IfMatch

router = APIRouter()


@router.put("/v1/orders/{order_id}/items", response_model=OrderView, openapi_extra=IF_MATCH_REQUIRED)
async def change_items(
    order_id: OrderId,
    body: ChangedItems,
    principal: CurrentPrincipal,
    platform: CurrentPlatformFee,
    if_match: IfMatch,
    once: Once,
) -> Response:
    """Put other tickets and add-ons into an unpaid order, all of them or none. What stays keeps its price; a line that grows
    is priced anew. Its time to pay goes on. Needs the `version` that was read in `If-Match`."""
    change = body.change()
    return await once.run(
        lambda tx: change_order(tx, principal, platform, order_id, if_match, change), OrderView.of, status=200
    )


@router.post("/v1/events/{event_id}/orders", status_code=201, response_model=OrderView)
async def make(
    event_id: EventId, body: MadeOrder, principal: CurrentPrincipal, platform: CurrentPlatformFee, once: Once
) -> Response:
    """As staff: give tickets away, or sell them at the door for money you take yourselves. The order is paid at once and its
    mail goes to the buyer's address; whoever verifies that address holds the passes."""
    made = body.made()
    return await once.run(lambda tx: make_order(tx, principal, platform, event_id, made), OrderView.of, status=201)


@router.patch("/v1/orders/{order_id}/admissions/{line_id}/{ordinal}")
async def name_holder(
    order_id: OrderId,
    line_id: OrderLineId,
    ordinal: Annotated[int, Path(ge=1, le=MOST_ADMISSIONS)],
    body: NewHolder,
    principal: CurrentPrincipal,
    database: Db,
) -> OrderView:
    """Say who comes with one ticket, as its buyer or as staff. What is not named stays."""
    async with database.transaction() as tx:
        order = await name_attendee(tx, principal, order_id, line_id, ordinal, body.changes())
    return OrderView.of(order)


@router.post("/v1/orders/{order_id}/extend")
async def extend(order_id: OrderId, principal: CurrentPrincipal, database: Db) -> OrderView:
    """Keep the places of an unpaid order longer, up to an hour in all."""
    async with database.transaction() as tx:
        order = await extend_order(tx, principal, order_id)
    return OrderView.of(order)
