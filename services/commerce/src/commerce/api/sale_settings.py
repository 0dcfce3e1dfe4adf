"""How an event and its tiers are sold."""

from fastapi import APIRouter, Response

from commerce.actions.change_sale_settings import (
    change_sale_settings,
    change_tier_sale_settings,
    read_sale_settings,
    read_tier_sale_settings,
)
from commerce.schemas.sale_settings import (
    SaleSettingsBody,
    SaleSettingsView,
    TierSaleSettingsBody,
    TierSaleSettingsView,
)
from common.ids import EventId, TicketTierId
from common.service import CurrentPrincipal, Db
from common.versions import IF_MATCH_REQUIRED, IfMatch, version_tag

router = APIRouter()


@router.get("/v1/events/{event_id}/sale-settings")
async def show(event_id: EventId, principal: CurrentPrincipal, database: Db, response: Response) -> SaleSettingsView:
    """Taxes, fees, terms of cancellation and what else is agreed about selling an event."""
    async with database.transaction() as tx:
        settings = await read_sale_settings(tx, principal, event_id)
    response.headers["ETag"] = version_tag(settings.version)
    return SaleSettingsView.of(settings)


@router.put("/v1/events/{event_id}/sale-settings", openapi_extra=IF_MATCH_REQUIRED)
async def change(
    event_id: EventId,
    body: SaleSettingsBody,
    principal: CurrentPrincipal,
    expected: IfMatch,
    database: Db,
    response: Response,
) -> SaleSettingsView:
    """Say all of it anew. `If-Match` carries the ETag that was read; orders that were placed keep their terms."""
    async with database.transaction() as tx:
        settings = await change_sale_settings(tx, principal, event_id, body.settings(), expected)
    response.headers["ETag"] = version_tag(settings.version)
    return SaleSettingsView.of(settings)


@router.get("/v1/ticket-tiers/{ticket_tier_id}/sale-settings")
async def show_of_tier(
    ticket_tier_id: TicketTierId, principal: CurrentPrincipal, database: Db, response: Response
) -> TierSaleSettingsView:
    """What is particular to selling this tier."""
    async with database.transaction() as tx:
        settings = await read_tier_sale_settings(tx, principal, ticket_tier_id)
    response.headers["ETag"] = version_tag(settings.version)
    return TierSaleSettingsView.of(settings)


@router.put("/v1/ticket-tiers/{ticket_tier_id}/sale-settings", openapi_extra=IF_MATCH_REQUIRED)
async def change_of_tier(
    ticket_tier_id: TicketTierId,
    body: TierSaleSettingsBody,
    principal: CurrentPrincipal,
    expected: IfMatch,
    database: Db,
    response: Response,
) -> TierSaleSettingsView:
    """Say all of it anew. `If-Match` carries the ETag that was read; orders that were placed keep their terms."""
    async with database.transaction() as tx:
        settings = await change_tier_sale_settings(tx, principal, ticket_tier_id, body.settings(), expected)
    response.headers["ETag"] = version_tag(settings.version)
    return TierSaleSettingsView.of(settings)
