"""Routes of releases: drafts for those who write them, the history and its feed for everyone."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from common.ids import ReleaseId
from common.schemas import Cursor, Limit, Page, Slug
from common.service import CurrentPrincipal, Db
from common.versions import IF_MATCH_TAKEN, IfMatch, version_tag
from releases.actions.amend_release import amend_release
from releases.actions.draft_release import draft_release
from releases.actions.publish_release import publish_release
from releases.actions.read_releases import read_drafts, read_history, read_release, with_deployments
from releases.actions.yank_release import yank_release
from releases.api.caching import cacheable
from releases.formats import atom
from releases.schemas.releases import NewRelease, ReleaseChanges, ReleaseView, Yank

router = APIRouter()

FEED_LENGTH = 50
_KEPT_SECONDS = 60

Channel = Annotated[Slug | None, Query(description="one channel alone")]


@router.post("/v1/releases", status_code=201)
async def begin(body: NewRelease, principal: CurrentPrincipal, database: Db, response: Response) -> ReleaseView:
    """Begin a release: a draft, seen only by those who write them."""
    async with database.transaction() as tx:
        release = await draft_release(tx, principal, body.version, body.channel, body.commit_hash, body.notes.notes())
        (shown,) = await with_deployments(tx, [release])
    return _tagged(ReleaseView.of(shown), response)


@router.get("/v1/releases", response_model=Page[ReleaseView])
async def show_history(
    request: Request,
    principal: CurrentPrincipal,
    database: Db,
    channel: Channel = None,
    *,
    drafts: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """What was released, newest first, each with the deployments that carried it out; `drafts=true` for those who write them."""
    async with database.transaction() as tx:
        if drafts:
            shown, following = await read_drafts(tx, principal, channel, cursor, limit)
        else:
            shown, following = await read_history(tx, channel, cursor, limit)
    page = Page[ReleaseView](items=[ReleaseView.of(each) for each in shown], next_cursor=following)
    content = page.model_dump_json(by_alias=True).encode()
    if drafts:
        return Response(content, media_type="application/json", headers={"Cache-Control": "private, no-store"})
    return cacheable(request, content, "application/json", seconds=_KEPT_SECONDS)


@router.get(
    "/v1/releases/feed.atom",
    response_class=Response,
    responses={200: {"content": {atom.MEDIA_TYPE: {}}}, 304: {"description": "what you have is right"}},
)
async def show_feed(request: Request, principal: CurrentPrincipal, database: Db, channel: Channel = None) -> Response:
    """The history as an Atom feed."""
    async with database.transaction() as tx:
        shown, _ = await read_history(tx, channel, None, FEED_LENGTH)
    public_url: str = request.app.state.public_url
    content = atom.feed([each.release for each in shown], public_url, channel)
    return cacheable(request, content, atom.MEDIA_TYPE, seconds=_KEPT_SECONDS)


@router.get("/v1/releases/{release_id}")
async def show_release(
    release_id: ReleaseId, principal: CurrentPrincipal, database: Db, response: Response
) -> ReleaseView:
    """One release; a draft is there only for those who write them."""
    async with database.transaction() as tx:
        shown = await read_release(tx, principal, release_id)
    return _tagged(ReleaseView.of(shown), response)


@router.patch("/v1/releases/{release_id}", openapi_extra=IF_MATCH_TAKEN)
async def amend(
    release_id: ReleaseId,
    body: ReleaseChanges,
    principal: CurrentPrincipal,
    database: Db,
    response: Response,
    if_match: IfMatch,
) -> ReleaseView:
    """Rewrite a draft. With `If-Match` only when nobody changed it in the meantime."""
    async with database.transaction() as tx:
        release = await amend_release(tx, principal, release_id, body.amendment(), if_match or None)
        (shown,) = await with_deployments(tx, [release])
    return _tagged(ReleaseView.of(shown), response)


@router.post("/v1/releases/{release_id}/publish")
async def publish(release_id: ReleaseId, principal: CurrentPrincipal, database: Db, response: Response) -> ReleaseView:
    """Make a release public. Doing so again changes nothing."""
    async with database.transaction() as tx:
        release = await publish_release(tx, principal, release_id)
        (shown,) = await with_deployments(tx, [release])
    return _tagged(ReleaseView.of(shown), response)


@router.post("/v1/releases/{release_id}/yank")
async def yank(
    release_id: ReleaseId, body: Yank, principal: CurrentPrincipal, database: Db, response: Response
) -> ReleaseView:
    """Take a release back: it stays in the history, marked and with the reason."""
    async with database.transaction() as tx:
        release = await yank_release(tx, principal, release_id, body.reason)
        (shown,) = await with_deployments(tx, [release])
    return _tagged(ReleaseView.of(shown), response)


def _tagged(view: ReleaseView, response: Response) -> ReleaseView:
    response.headers["ETag"] = version_tag(view.revision)
    return view
