"""Display pictures: making, seeing and removing them."""

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, BackgroundTasks, Depends, File, Form, Request, Response, UploadFile
from pydantic import TypeAdapter

from common.ids import DpId
from common.openapi import CONTENT_TAG, NOT_MODIFIED
from common.paging import newest_first
from common.refusals import NotFound
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from dp.actions.create_campaign import campaign_to_read
from dp.actions.make_dp import PHOTO_LIMITS, Maker, Wanted
from dp.actions.remove_dp import remove_dp
from dp.actions.see_dp import see_dp
from dp.actions.sweep_objects import sweep_objects
from dp.api.campaigns import ThisCampaign
from dp.api.forms import CurrentBeholder, OnlyParts, json_part, read_file
from dp.schemas.dps import CropBody, DpView, MadeView, ThisDp
from dp.store import dps

router = APIRouter()

_FIELDS: Final = TypeAdapter(dict[str, str])
_CROP: Final = TypeAdapter(CropBody)
_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/jpeg": {}}, "description": "the picture"},
    **NOT_MODIFIED,
}
_ASKED_FOR: Final = {"parameters": [CONTENT_TAG]}


@router.post(
    "/v1/dp/campaigns/{campaignId}/dps",
    status_code=201,
    dependencies=[Depends(OnlyParts("photo", "fields", "crop"))],
)
async def post_dp(
    campaign_id: ThisCampaign,
    request: Request,
    principal: CurrentPrincipal,
    photo: Annotated[UploadFile | None, File(description="JPEG, PNG or WebP, at most 10 MB")] = None,
    fields: Annotated[str, Form(max_length=10_000, description='JSON: {"name": "Ada"}')] = "{}",
    crop: Annotated[str | None, Form(max_length=500, description="JSON: x, y, width, height in fractions")] = None,
) -> MadeView:
    """Make a picture. Nobody has to sign in; the owner token in the answer is the maker's key to it."""
    maker: Maker = request.app.state.maker
    typed = json_part("fields", fields, _FIELDS)
    wanted = Wanted(
        typed=typed,
        photo=partial(read_file, photo, PHOTO_LIMITS.file_bytes) if photo is not None else None,
        crop=json_part("crop", crop, _CROP).crop() if crop else None,
    )
    return MadeView.of(await maker.make(principal, campaign_id, wanted), request.app.state.public_url)


@router.get("/v1/dp/campaigns/{campaignId}/hub")
async def get_hub(
    campaign_id: ThisCampaign,
    request: Request,
    principal: CurrentPrincipal,
    db: Db,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DpView]:
    """The pictures of a campaign that everyone may see, newest first."""
    public_url: str = request.app.state.public_url
    async with db.transaction() as tx:
        await campaign_to_read(tx, principal, campaign_id)
        query = dps.shown_dps(campaign_id)
        return await newest_first(
            tx, query, dps.ID, DpId, cursor, limit, lambda row: DpView.of(dps.dp_of(row), public_url)
        )


@router.get("/v1/dp/dps/{dpId}")
async def get_dp(dp_id: ThisDp, request: Request, beholder: CurrentBeholder, db: Db) -> DpView:
    """A picture: everyone's once it is ready, before that its maker's and the moderators'."""
    async with db.transaction() as tx:
        return DpView.of(await see_dp(tx, beholder, dp_id), request.app.state.public_url)


@router.get("/v1/dp/dps/{dpId}/image", response_class=Response, responses=_PICTURE, openapi_extra=_ASKED_FOR)
async def get_image(dp_id: ThisDp, request: Request, beholder: CurrentBeholder, db: Db) -> Response:
    """The picture's bytes, for whoever may see it. Caches keep it for five minutes at most."""
    async with db.transaction() as tx:
        dp = await see_dp(tx, beholder, dp_id)
    tag = f'"{dp.id}"'
    cached = "public, max-age=300" if dp.status == "ready" and beholder.owner_token is None else "private, no-store"
    headers = {"Cache-Control": cached, "ETag": tag, "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    found = await request.app.state.gallery.storage.get(dp.image_key)
    if found is None:
        raise NotFound()
    policy = {"Content-Security-Policy": "default-src 'none'", "Content-Disposition": f'inline; filename="{dp.id}.jpg"'}
    return Response(found.data, media_type=found.content_type, headers={**headers, **policy})


@router.delete("/v1/dp/dps/{dpId}", status_code=204)
async def delete_dp(
    dp_id: ThisDp, request: Request, beholder: CurrentBeholder, db: Db, background: BackgroundTasks
) -> None:
    """Remove a picture: its maker may, and moderators. Image and photo are deleted."""
    async with db.transaction() as tx:
        await remove_dp(tx, beholder, dp_id)
    background.add_task(sweep_objects, db, request.app.state.gallery)
