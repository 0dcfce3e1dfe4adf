"""The person who asks: who they are, where they are signed in, what they were told."""

from fastapi import APIRouter

from common.ids import SignInId
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from identity.actions.describe_me import describe_me, rename_me
from identity.actions.end_sign_in import revoke_sign_in
from identity.api.parts import TheDesk
from identity.schemas.auth import SignInView
from identity.schemas.me import MePatch, MeView, NotificationPage, NotificationView, ReadBody, UnreadView
from identity.store import notifications, sign_ins

router = APIRouter(prefix="/v1", tags=["me"])


@router.get("/me")
async def read_me(principal: CurrentPrincipal, database: Db) -> MeView:
    """Who I am, where I belong, and what I may do."""
    async with database.transaction() as tx:
        return MeView.of(await describe_me(tx, principal))


@router.patch("/me")
async def patch_me(body: MePatch, principal: CurrentPrincipal, desk: TheDesk) -> MeView:
    """Change my name."""
    async with desk.transaction() as (tx, after):
        await rename_me(tx, after, principal, body.name)
        me = await describe_me(tx, principal)
    return MeView.of(me)


@router.get("/me/sign-ins")
async def read_sign_ins(
    principal: CurrentPrincipal, database: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[SignInView]:
    """The devices I am signed in on, newest first."""
    user_id = principal.require_user()
    async with database.transaction() as tx:
        return await sign_ins.list_sign_ins(
            tx, user_id, cursor, limit, lambda sign_in: SignInView.of(sign_in, principal.sign_in_id)
        )


@router.delete("/me/sign-ins/{signInId}", status_code=204)
async def delete_sign_in(signInId: SignInId, principal: CurrentPrincipal, desk: TheDesk) -> None:  # noqa: N803 - the path's name
    """Sign one of my devices out; its very next call is refused."""
    async with desk.transaction() as (tx, after):
        await revoke_sign_in(tx, after, principal, signInId)


@router.get("/notifications")
async def read_notifications(
    principal: CurrentPrincipal, database: Db, limit: Limit = 50, cursor: Cursor = None
) -> NotificationPage:
    """What I was told, newest first, and how much of it is unread."""
    user_id = principal.require_user()
    async with database.transaction() as tx:
        page = await notifications.list_notifications(tx, user_id, cursor, limit, NotificationView.of)
        unread = await notifications.count_unread(tx, user_id)
    return NotificationPage(items=page.items, next_cursor=page.next_cursor, unread=unread)


@router.post("/notifications/read")
async def mark_read(body: ReadBody, principal: CurrentPrincipal, database: Db) -> UnreadView:
    """Mark some or all of it read."""
    user_id = principal.require_user()
    async with database.transaction() as tx:
        await notifications.mark_read(tx, user_id, body.ids)
        return UnreadView(unread=await notifications.count_unread(tx, user_id))
