"""Orders and what can be ordered."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from commerce.actions.cancel_order import cancel_order
from commerce.actions.check_vat_number import check_before_placing, check_vat_number
from commerce.actions.place_order import place_order, quote_order
from commerce.actions.read_availability import read_availability
from commerce.actions.read_orders import list_orders_of_event, list_own_orders, read_order
from commerce.api.order_filter import WantedOrders
from commerce.api.state import CurrentPlatformFee, CurrentTaxAuthority
from commerce.schemas import Availability, NewOrder, OrderDetails, OrderView, QuoteView, TierAvailability
from common.idempotency import Once
from common.ids import EventId, OrderId
from common.refusals import Refusal
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from common.versions import version_tag

router = APIRouter()


@router.get("/v1/events/{event_id}/availability")
async def show_availability(event_id: EventId, database: Db, response: Response) -> Availability:
    """What is on sale for an event, and how much is left where little is."""
    async with database.transaction() as tx:
        offers = await read_availability(tx, event_id)
    response.headers["Cache-Control"] = "public, max-age=1"
    return Availability(tiers=[TierAvailability.of(offer) for offer in offers])


@router.post("/v1/orders", status_code=201, response_model=OrderView)
async def place(
    body: NewOrder,
    principal: CurrentPrincipal,
    platform: CurrentPlatformFee,
    authority: CurrentTaxAuthority,
    database: Db,
    once: Once,
) -> Response:
    """Hold tickets, for 15 minutes unless the organiser says otherwise: all of them or none. An order that costs nothing is
    paid at once. Where the organiser says so, business buyers of another member state of the EU, whose VAT number is good,
    owe the tax themselves; while nobody can check that number, tax is charged as usual."""
    basket, check = body.basket(), None
    if basket.vat_number() is not None:
        said = await once.stored()
        if said is not None:
            return said
        try:
            check = await check_before_placing(database, authority, principal, platform, basket)
        except Refusal as refusal:
            return await once.refused(refusal)
    return await once.run(lambda tx: place_order(tx, principal, platform, basket, check), OrderView.of, status=201)


@router.post("/v1/orders/quote")
async def show_quote(
    body: NewOrder, platform: CurrentPlatformFee, authority: CurrentTaxAuthority, database: Db
) -> QuoteView:
    """What such an order would come to, and on what terms, or why it would be refused. Nothing is kept for anybody."""
    basket = body.basket()
    check = await check_vat_number(database, authority, platform, basket)
    async with database.transaction() as tx:
        return QuoteView.of(await quote_order(tx, platform, basket, check), check)


@router.get("/v1/orders")
async def list_orders(
    principal: CurrentPrincipal,
    database: Db,
    wanted: WantedOrders,
    event_id: Annotated[
        EventId | None, Query(alias="eventId", description="as staff: the orders of this event")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OrderView]:
    """One's own orders, newest first; with `eventId`, the event's, for staff who may read orders."""
    async with database.transaction() as tx:
        if event_id is None:
            return await list_own_orders(tx, principal, wanted, cursor, limit, OrderView.of)
        return await list_orders_of_event(tx, principal, event_id, wanted, cursor, limit, OrderView.of)


@router.get("/v1/orders/{order_id}")
async def show_order(order_id: OrderId, principal: CurrentPrincipal, database: Db, response: Response) -> OrderDetails:
    """An order and its payments."""
    async with database.transaction() as tx:
        order, payments = await read_order(tx, principal, order_id)
    response.headers["ETag"] = version_tag(order.version)
    return OrderDetails.with_payments(order, payments)


@router.post("/v1/orders/{order_id}/cancel")
async def cancel(order_id: OrderId, principal: CurrentPrincipal, database: Db) -> OrderView:
    """Call an unpaid order off, or give a paid one back under its terms; its tickets go back on sale at once."""
    async with database.transaction() as tx:
        order = await cancel_order(tx, principal, order_id)
    return OrderView.of(order)
