"""Routes about passes."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from common.ids import OrderId, PassId
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from events.actions.read_passes import list_my_passes, list_passes_of_order, list_upcoming_passes, read_pass
from events.errors import UpcomingOfNoOrder
from events.schemas.entry_pass import PassView

router = APIRouter()

OfOrder = Annotated[OrderId | None, Query(alias="orderId", description="the passes of one order")]
Upcoming = Annotated[
    bool, Query(description="only those I can still go somewhere with, the soonest first, each with its `event`")
]


@router.get("/v1/passes")
async def list_all(
    principal: CurrentPrincipal,
    database: Db,
    order_id: OfOrder = None,
    upcoming: Upcoming = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PassView]:
    """The passes I hold; with `orderId` those of an order I bought, hold passes of, or whose event's passes I may read."""
    if upcoming and order_id is not None:
        raise UpcomingOfNoOrder(pointer="/query/upcoming")
    async with database.transaction() as tx:
        if upcoming:
            return await list_upcoming_passes(tx, principal, cursor, limit, PassView.upcoming)
        if order_id is None:
            return await list_my_passes(tx, principal, cursor, limit, PassView.of)
        return await list_passes_of_order(tx, principal, order_id, cursor, limit, PassView.of)


@router.get("/v1/passes/{passId}")
async def read(pass_id: Annotated[PassId, Path(alias="passId")], principal: CurrentPrincipal, database: Db) -> PassView:
    """One pass: for its holder, its buyer, and a team that may read passes (which does not see its code)."""
    async with database.transaction() as tx:
        return await read_pass(tx, principal, pass_id, PassView.of)
