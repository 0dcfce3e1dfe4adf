"""The routes: where a pass can be put, the Apple package, the Google link, the badge."""

from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from common.ids import PassId
from common.service import CurrentPrincipal, Db
from wallet.actions.fetch_apple_pass import Held, fetch_apple_pass
from wallet.actions.find_wallet_pass import find_wallet_pass
from wallet.actions.print_badge import print_badge
from wallet.actions.save_to_google import save_to_google
from wallet.adapters.providers import Providers
from wallet.schemas import SaveLink, WalletView

router = APIRouter()

PKPASS = "application/vnd.apple.pkpass"
SVG = "image/svg+xml"
ThisPass = Annotated[PassId, Path(alias="passId")]
LinkKey = Annotated[str | None, Query(alias="key", max_length=100, description="the key of a link made for this pass")]


async def current_providers(request: Request) -> Providers:
    """Both wallets as configured."""
    providers: Providers = request.app.state.providers
    return providers


async def held_by_caller(
    if_none_match: Annotated[str | None, Header()] = None,
    if_modified_since: Annotated[str | None, Header()] = None,
) -> Held:
    """What the caller has. A date that is none is as good as none sent (RFC 9110, section 13.1.3)."""
    return Held(if_none_match, _date(if_modified_since))


Configured = Annotated[Providers, Depends(current_providers)]
HeldByCaller = Annotated[Held, Depends(held_by_caller)]


@router.get("/v1/passes/{passId}/wallet")
async def show_wallet(pass_id: ThisPass, principal: CurrentPrincipal, database: Db, request: Request) -> WalletView:
    """Where this pass can be put: for its holder, its buyer, and staff of the organisation who may read passes."""
    async with database.transaction() as transaction:
        found = await find_wallet_pass(transaction, pass_id, principal)
    return WalletView.of(found, request.app.state.public_url)


@router.get(
    "/v1/wallet/passes/{passId}/apple",
    response_class=Response,
    responses={200: {"content": {PKPASS: {}}}, 304: {"description": "what you have is right"}},
)
async def download_apple_pass(
    pass_id: ThisPass,
    principal: CurrentPrincipal,
    database: Db,
    providers: Configured,
    held: HeldByCaller,
    key: LinkKey = None,
) -> Response:
    """The signed package for Apple Wallet."""
    package = await fetch_apple_pass(database, providers, pass_id, principal, key, held)
    headers = {
        "ETag": package.tag,
        "Last-Modified": format_datetime(package.last_modified, usegmt=True),
        # Personal, and to be asked for again each time: a voided ticket must not come from a cache.
        "Cache-Control": "private, no-cache",
    }
    if package.content is None:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{pass_id}.pkpass"'
    return Response(package.content, media_type=PKPASS, headers=headers)


@router.post("/v1/wallet/passes/{passId}/google")
async def make_google_link(
    pass_id: ThisPass, principal: CurrentPrincipal, database: Db, providers: Configured, key: LinkKey = None
) -> SaveLink:
    """The link that adds the ticket to Google Wallet. Only this tells Google of the ticket."""
    return SaveLink(save_url=await save_to_google(database, providers, pass_id, principal, key))


@router.get("/v1/wallet/passes/{passId}/badge", response_class=Response, responses={200: {"content": {SVG: {}}}})
async def show_badge(pass_id: ThisPass, principal: CurrentPrincipal, database: Db, key: LinkKey = None) -> Response:
    """A badge to print, one A6 page."""
    async with database.transaction() as transaction:
        page = await print_badge(transaction, pass_id, principal, key)
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(page, media_type=SVG, headers=headers)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo is not None else None
