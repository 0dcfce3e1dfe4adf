"""Reports and moderators' decisions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from common.ids import DpId
from common.paging import newest_first
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from dp.actions.create_campaign import campaign_to_read
from dp.actions.judge_dp import judge_dp
from dp.actions.report_dp import report_dp
from dp.actions.see_dp import check_may_review
from dp.api.campaigns import ThisCampaign
from dp.schemas.dps import NewReport, ReviewStatus, ReviewView, ThisDp
from dp.store import dps

router = APIRouter()


@router.get("/v1/dp/campaigns/{campaignId}/dps")
async def get_dps(
    campaign_id: ThisCampaign,
    request: Request,
    principal: CurrentPrincipal,
    db: Db,
    status: Annotated[ReviewStatus, Query()] = "held",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ReviewView]:
    """The pictures of a campaign in one status, for its moderators."""
    public_url: str = request.app.state.public_url
    async with db.transaction() as tx:
        check_may_review(principal, await campaign_to_read(tx, principal, campaign_id))
        query = dps.dps_with_status(campaign_id, status)
        return await newest_first(
            tx, query, dps.ID, DpId, cursor, limit, lambda row: ReviewView.of(dps.dp_of(row), public_url)
        )


@router.post("/v1/dp/dps/{dpId}/approve")
async def post_approve(dp_id: ThisDp, request: Request, principal: CurrentPrincipal, db: Db) -> ReviewView:
    """Let everyone see the picture."""
    async with db.transaction() as tx:
        dp = await judge_dp(tx, principal, dp_id, "ready")
    return ReviewView.of(dp, request.app.state.public_url)


@router.post("/v1/dp/dps/{dpId}/reject")
async def post_reject(dp_id: ThisDp, request: Request, principal: CurrentPrincipal, db: Db) -> ReviewView:
    """Show the picture to nobody but its maker."""
    async with db.transaction() as tx:
        dp = await judge_dp(tx, principal, dp_id, "rejected")
    return ReviewView.of(dp, request.app.state.public_url)


@router.post("/v1/dp/dps/{dpId}/reports", status_code=202)
async def post_report(dp_id: ThisDp, body: NewReport, principal: CurrentPrincipal, db: Db) -> None:
    """Say why this picture should not be shown. Nobody has to sign in."""
    async with db.transaction() as tx:
        await report_dp(tx, principal, dp_id, body.words())
