"""Ways in and out."""

from fastapi import APIRouter, Response

from common.service import CurrentPrincipal
from identity.actions.check_backer import check_backer
from identity.actions.end_sign_in import sign_out
from identity.actions.finish_sign_in import finish_sign_in
from identity.actions.refresh_sign_in import refresh_sign_in
from identity.actions.start_sign_in import SignInRequest, start_sign_in
from identity.api.parts import CurrentClient, TheDesk, TheMeans, Tokens
from identity.domain.policy import ACCESS_TOKEN_LIFETIME
from identity.errors import CodeRefused
from identity.schemas.auth import (
    BackerBody,
    ChallengeView,
    RefreshBody,
    StartBody,
    TicketView,
    TokensView,
    UserView,
    VerifyBody,
)

router = APIRouter(prefix="/v1/auth", tags=["auth"])
_SECONDS = int(ACCESS_TOKEN_LIFETIME.total_seconds())


@router.post("/email/start", status_code=202)
async def start(body: StartBody, client: CurrentClient, desk: TheDesk, means: TheMeans) -> ChallengeView:
    """Send a code or a link to an address. The answer is the same whether or not it has an account."""
    request = SignInRequest(body.email, body.purpose, body.backer_ticket)
    async with desk.transaction() as (tx, after):
        challenge = await start_sign_in(tx, after, means, request, client)
    return ChallengeView.of(challenge)


@router.post("/email/verify")
async def verify(
    body: VerifyBody, client: CurrentClient, desk: TheDesk, means: TheMeans, tokens: Tokens, response: Response
) -> TokensView:
    """Sign in with the code, or with the token of the link."""
    answer = body.answer()
    if answer is None:
        raise CodeRefused()
    done = await finish_sign_in(desk, means, *answer, client)
    response.headers["Cache-Control"] = "no-store"
    return TokensView(
        access_token=tokens.issue(done.user.id, done.sign_in.id, done.sign_in.created_at),
        refresh_token=done.refresh_token,
        expires_in=_SECONDS,
        user=UserView.of(done.user),
        is_new_user=done.is_new_user,
    )


@router.post("/backers/check")
async def check(body: BackerBody, client: CurrentClient, desk: TheDesk, means: TheMeans) -> TicketView:
    """A ticket for a backer who wants to sign up. It claims nothing yet."""
    return TicketView(backer_ticket=await check_backer(desk.database, means, body.username, body.access_code, client))


@router.post("/refresh")
async def refresh(
    body: RefreshBody, client: CurrentClient, desk: TheDesk, means: TheMeans, tokens: Tokens, response: Response
) -> TokensView:
    """The next pair of tokens."""
    done = await refresh_sign_in(desk, means, body.refresh_token, body.retry_id, client)
    response.headers["Cache-Control"] = "no-store"
    return TokensView(
        access_token=tokens.issue(done.user.id, done.sign_in.id, done.at),
        refresh_token=done.refresh_token,
        expires_in=_SECONDS,
        user=UserView.of(done.user),
        is_new_user=False,
    )


@router.post("/sign-out", status_code=204)
async def leave(principal: CurrentPrincipal, desk: TheDesk) -> None:
    """End the sign-in that asks."""
    async with desk.transaction() as (tx, after):
        await sign_out(tx, after, principal)
