"""The platform itself: its state, backers, administrators and people."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from common.capabilities import Capability
from common.ids import AdminId, UserId
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from identity.actions.administer import (
    add_admin,
    add_backer,
    address_key_of_admin,
    allow,
    remove_admin,
    set_app_state,
    suspend_user,
)
from identity.api.parts import TheDesk, TheMeans
from identity.schemas.admin import (
    AdminView,
    AppStateBody,
    AppStateView,
    BackerView,
    NewAdminBody,
    NewBackerBody,
    UserCard,
)
from identity.schemas.fields import AddressKey
from identity.store import backers, platform, users

router = APIRouter(prefix="/v1", tags=["admin"])
User = Annotated[UserId, Path(alias="userId")]


@router.get("/app-state")
async def read_app_state(principal: CurrentPrincipal, database: Db) -> AppStateView:
    """The platform's state, for everyone."""
    async with database.transaction() as tx:
        return AppStateView(crowdfunding_active=await platform.crowdfunding_active(tx))


@router.patch("/admin/app-state")
async def patch_app_state(body: AppStateBody, principal: CurrentPrincipal, database: Db) -> AppStateView:
    """Turn the crowdfunding gate on or off."""
    actor = allow(principal, Capability.IDENTITY_APP_STATE_WRITE)
    async with database.transaction() as tx:
        await set_app_state(tx, actor, crowdfunding_active=body.crowdfunding_active)
    return AppStateView(crowdfunding_active=body.crowdfunding_active)


@router.get("/admin/backers")
async def read_backers(
    principal: CurrentPrincipal, database: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[BackerView]:
    """Backers, newest first."""
    allow(principal, Capability.IDENTITY_BACKER_WRITE)
    async with database.transaction() as tx:
        return await backers.list_backers(tx, cursor, limit, BackerView.of)


@router.post("/admin/backers", status_code=201)
async def post_backer(body: NewBackerBody, principal: CurrentPrincipal, database: Db, means: TheMeans) -> BackerView:
    """Put a backer on the list."""
    actor = allow(principal, Capability.IDENTITY_BACKER_WRITE)
    return BackerView.of(await add_backer(database, means, actor, body.username, body.access_code, body.tier))


@router.get("/admin/admins")
async def read_admins(
    principal: CurrentPrincipal, database: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[AdminView]:
    """The list of administrators, newest first."""
    allow(principal, Capability.IDENTITY_ADMIN_WRITE)
    async with database.transaction() as tx:
        return await platform.list_admins(tx, cursor, limit, AdminView.of)


@router.post("/admin/admins", status_code=201)
async def post_admin(body: NewAdminBody, principal: CurrentPrincipal, desk: TheDesk) -> AdminView:
    """Let whoever proves an address administer the platform."""
    actor = allow(principal, Capability.IDENTITY_ADMIN_WRITE)
    async with desk.transaction() as (tx, after):
        admin = await add_admin(tx, after, actor, body.email, body.note)
    return AdminView.of(admin)


@router.delete("/admin/admins/{adminId}", status_code=204)
async def delete_admin(
    admin_id: Annotated[AdminId, Path(alias="adminId")], principal: CurrentPrincipal, desk: TheDesk
) -> None:
    """Take an address off the list; its owner's next request is no administrator's any more."""
    actor = allow(principal, Capability.IDENTITY_ADMIN_WRITE)
    async with desk.transaction() as (tx, after):
        await remove_admin(tx, after, actor, await address_key_of_admin(tx, admin_id))


@router.get("/admin/users")
async def read_users(
    principal: CurrentPrincipal,
    database: Db,
    email: Annotated[AddressKey | None, Query(description="only the owner of this address")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[UserCard]:
    """People, newest first."""
    allow(principal, Capability.IDENTITY_USER_READ)
    async with database.transaction() as tx:
        return await users.list_users(tx, email, cursor, limit, UserCard.of)


@router.post("/admin/users/{userId}/suspend")
async def suspend(user_id: User, principal: CurrentPrincipal, desk: TheDesk) -> UserCard:
    """Take a person's access away, from the very next request on, and end all their sign-ins."""
    return await _suspend(user_id, principal, desk, suspended=True)


@router.post("/admin/users/{userId}/unsuspend")
async def unsuspend(user_id: User, principal: CurrentPrincipal, desk: TheDesk) -> UserCard:
    """Let a person sign in again."""
    return await _suspend(user_id, principal, desk, suspended=False)


async def _suspend(user_id: UserId, principal: CurrentPrincipal, desk: TheDesk, *, suspended: bool) -> UserCard:
    actor = allow(principal, Capability.IDENTITY_USER_SUSPEND)
    async with desk.transaction() as (tx, after):
        user = await suspend_user(tx, after, actor, user_id, suspended=suspended)
    return UserCard.of(user)
