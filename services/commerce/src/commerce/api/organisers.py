"""What an organisation's staff see of its sales."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from commerce.actions.export_orders import export_orders, find_exportable
from commerce.actions.read_orders import list_orders_of_organization
from commerce.actions.read_sales import read_sales
from commerce.actions.resend_order import resend_order
from commerce.api.order_filter import WantedOrders
from commerce.api.streaming import Streamed
from commerce.formats.order_csv import Rows
from commerce.schemas import OrderView
from commerce.schemas.sales import FiguresView, SalesOfDay, SalesOfItem, SalesSummary
from common.ids import EventId, OrderId, OrganizationId
from common.schemas import Cursor, Limit, Page, View
from common.service import CurrentPrincipal, Db

router = APIRouter()


@router.get("/v1/organizations/{organization_id}/orders")
async def list_all_orders(
    organization_id: OrganizationId,
    principal: CurrentPrincipal,
    database: Db,
    wanted: WantedOrders,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OrderView]:
    """The orders of all events of an organisation, newest first, for staff who may read orders."""
    async with database.transaction() as tx:
        return await list_orders_of_organization(tx, principal, organization_id, wanted, cursor, limit, OrderView.of)


class Resent(View):
    """The mail is under way to this address."""

    sent_to: str


@router.post("/v1/orders/{order_id}/resend", status_code=202)
async def resend(order_id: OrderId, principal: CurrentPrincipal, database: Db) -> Resent:
    """Send the mail with the order's link once more, as its buyer or as staff; five times an hour at most."""
    async with database.transaction() as tx:
        return Resent(sent_to=await resend_order(tx, principal, order_id))


@router.get("/v1/events/{event_id}/sales")
async def show_sales(
    event_id: EventId,
    principal: CurrentPrincipal,
    database: Db,
    group_by: Annotated[Literal["tier", "day"], Query(alias="groupBy", description="how it is broken down")] = "tier",
) -> SalesSummary:
    """What was sold for an event, for staff who may read orders; by tier and add-on, or by day of its time zone."""
    async with database.transaction() as tx:
        sales = await read_sales(tx, principal, event_id)
    days = [SalesOfDay.of(day.all, sales.currency, day=day.day) for day in sales.days]
    items = [SalesOfItem.about(item, figures, sales) for item, figures in sales.by_item().items()]
    return SalesSummary(
        event_id=event_id,
        timezone=sales.zone.key,
        total=FiguresView.of(sales.total, sales.currency),
        days=days if group_by == "day" else None,
        items=items if group_by == "tier" else None,
    )


@router.get("/v1/events/{event_id}/orders.csv", status_code=200, response_class=Streamed)
async def export(
    event_id: EventId,
    principal: CurrentPrincipal,
    database: Db,
    wanted: WantedOrders,
    rows: Annotated[Rows, Query(description="a line for each admission, or for each order")] = "admissions",
) -> Streamed:
    """The orders of an event as a spreadsheet (CSV), oldest first, for staff who may read orders."""
    event = await find_exportable(database, principal, event_id)
    return Streamed(export_orders(database, event, wanted, rows), file_name=f"orders-{event_id}.csv")
