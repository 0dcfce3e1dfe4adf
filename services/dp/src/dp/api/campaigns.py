"""Campaigns: `/v1/dp/campaigns`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from common.ids import DpCampaignId, EventId, MalformedId
from common.paging import newest_first
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from dp.actions.create_campaign import campaign_to_read, check_may_list, create_campaign, publish_campaign
from dp.schemas.campaigns import CampaignView, NewCampaign
from dp.store import campaigns

router = APIRouter()

ThisCampaign = Annotated[DpCampaignId, Path(alias="campaignId")]


@router.post("/v1/dp/campaigns", status_code=201)
async def post_campaign(body: NewCampaign, principal: CurrentPrincipal, db: Db) -> CampaignView:
    """Bind a template to a published event, as a draft."""
    async with db.transaction() as tx:
        campaign = await create_campaign(
            tx,
            principal,
            body.event_id,
            body.template_id,
            name=body.name,
            slug=body.slug,
            fields=body.asked(),
            moderation=body.moderation,
        )
    return CampaignView.of(campaign)


@router.get("/v1/dp/campaigns")
async def get_campaigns(
    principal: CurrentPrincipal,
    db: Db,
    event_id: Annotated[EventId, Query(alias="eventId")],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CampaignView]:
    """An event's campaigns for its team, newest first."""
    async with db.transaction() as tx:
        await check_may_list(tx, principal, event_id)
        query = campaigns.campaigns_of(event_id)
        return await newest_first(
            tx,
            query,
            campaigns.ID,
            DpCampaignId,
            cursor,
            limit,
            lambda row: CampaignView.of(campaigns.campaign_of(row)),
        )


@router.get("/v1/dp/campaigns/{campaignId}")
async def get_campaign(
    address: Annotated[str, Path(alias="campaignId", max_length=64, description="its id or slug")],
    principal: CurrentPrincipal,
    db: Db,
) -> CampaignView:
    """A campaign, by id or slug: public once published."""
    async with db.transaction() as tx:
        return CampaignView.of(await campaign_to_read(tx, principal, _address(address)))


@router.post("/v1/dp/campaigns/{campaignId}/publish")
async def post_publish(campaign_id: ThisCampaign, principal: CurrentPrincipal, db: Db) -> CampaignView:
    """Let people make pictures."""
    async with db.transaction() as tx:
        campaign = await publish_campaign(tx, principal, campaign_id)
    return CampaignView.of(campaign)


def _address(text: str) -> DpCampaignId | str:
    # A slug has no underscore, so an id is never mistaken for one.
    try:
        return DpCampaignId(text)
    except MalformedId:
        return text
