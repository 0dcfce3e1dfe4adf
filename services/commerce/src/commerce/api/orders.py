"""Orders and what can be ordered."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from commerce.actions.cancel_order import cancel_order
from commerce.actions.place_order import place_order
from commerce.actions.read_availability import read_availability
from commerce.actions.read_orders import list_orders_of_event, list_own_orders, read_order
from commerce.domain.order import Status
from commerce.schemas import Availability, NewOrder, OrderDetails, OrderView, TierAvailability
from common.idempotency import Once
from common.ids import EventId, OrderId
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db

router = APIRouter()


@router.get("/v1/events/{event_id}/availability")
async def show_availability(event_id: EventId, database: Db, response: Response) -> Availability:
    """What is on sale for an event, and how much is left where little is."""
    async with database.transaction() as tx:
        offers = await read_availability(tx, event_id)
    response.headers["Cache-Control"] = "public, max-age=1"
    return Availability(tiers=[TierAvailability.of(offer) for offer in offers])


@router.post("/v1/orders", status_code=201, response_model=OrderView)
async def place(body: NewOrder, principal: CurrentPrincipal, once: Once) -> Response:
    """Hold tickets for 15 minutes: all of them or none. An order that costs nothing is paid at once."""
    wishes = [line.wish() for line in body.lines]
    return await once.run(lambda tx: place_order(tx, principal, body.event_id, wishes), OrderView.of, status=201)


@router.get("/v1/orders")
async def list_orders(
    principal: CurrentPrincipal,
    database: Db,
    event_id: Annotated[
        EventId | None, Query(alias="eventId", description="as staff: the orders of this event")
    ] = None,
    status: Annotated[Status | None, Query(description="only orders that stand so")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OrderView]:
    """One's own orders, newest first; with `eventId`, the event's, for staff who may read orders."""
    async with database.transaction() as tx:
        if event_id is None:
            return await list_own_orders(tx, principal, status, cursor, limit, OrderView.of)
        return await list_orders_of_event(tx, principal, event_id, status, cursor, limit, OrderView.of)


@router.get("/v1/orders/{order_id}")
async def show_order(order_id: OrderId, principal: CurrentPrincipal, database: Db) -> OrderDetails:
    """An order and its payments."""
    async with database.transaction() as tx:
        order, payments = await read_order(tx, principal, order_id)
    return OrderDetails.with_payments(order, payments)


@router.post("/v1/orders/{order_id}/cancel")
async def cancel(order_id: OrderId, principal: CurrentPrincipal, database: Db) -> OrderView:
    """Call an unpaid order off; its tickets go back on sale at once."""
    async with database.transaction() as tx:
        order = await cancel_order(tx, principal, order_id)
    return OrderView.of(order)
