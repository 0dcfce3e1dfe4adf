"""The members of a workspace."""

from typing import Annotated

from fastapi import APIRouter, Path

from common.ids import MemberId, WorkspaceId
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from identity.actions.add_member import add_member
from identity.actions.change_member import change_role, remove_member, require_may_see_members
from identity.actions.found_organization import place_of_workspace
from identity.api.parts import TheDesk, TheMeans
from identity.schemas.organizations import (
    AddedView,
    MembershipView,
    MemberView,
    NewWorkspaceMemberBody,
    WorkspaceRoleBody,
)
from identity.store import members

router = APIRouter(prefix="/v1/workspaces/{workspaceId}/members", tags=["workspaces"])
Workspace = Annotated[WorkspaceId, Path(alias="workspaceId")]
Member = Annotated[MemberId, Path(alias="memberId")]


@router.post("", status_code=201)
async def add(
    workspace_id: Workspace,
    body: NewWorkspaceMemberBody,
    principal: CurrentPrincipal,
    desk: TheDesk,
    means: TheMeans,
) -> AddedView:
    """Add someone: a member at once when the address is proved, else by invitation."""
    async with desk.transaction() as (tx, after):
        place = await place_of_workspace(tx, workspace_id)
        added = await add_member(tx, after, means, principal, place, body.email, body.role)
    return AddedView.of(added)


@router.get("")
async def read(
    workspace_id: Workspace, principal: CurrentPrincipal, database: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[MemberView]:
    """Its members, newest first."""
    async with database.transaction() as tx:
        place = await place_of_workspace(tx, workspace_id)
        require_may_see_members(principal, place)
        return await members.list_members(tx, place, cursor, limit, MemberView.of)


@router.patch("/{memberId}")
async def change(
    workspace_id: Workspace,
    member_id: Member,
    body: WorkspaceRoleBody,
    principal: CurrentPrincipal,
    desk: TheDesk,
) -> MembershipView:
    """Give a member another role."""
    async with desk.transaction() as (tx, after):
        place = await place_of_workspace(tx, workspace_id)
        member = await change_role(tx, after, principal, place, member_id, body.role)
    return MembershipView.of(member)


@router.delete("/{memberId}", status_code=204)
async def remove(workspace_id: Workspace, member_id: Member, principal: CurrentPrincipal, desk: TheDesk) -> None:
    """End a membership, one's own included."""
    async with desk.transaction() as (tx, after):
        place = await place_of_workspace(tx, workspace_id)
        await remove_member(tx, after, principal, place, member_id)
