"""Organisations, their workspaces and their teams."""

from typing import Annotated

from fastapi import APIRouter, Path

from common.capabilities import Capability, Scope, require_capability
from common.ids import MemberId, OrganizationId
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from identity.actions.accept_invitation import accept_invitation
from identity.actions.add_member import add_member
from identity.actions.change_member import change_role, remove_member, require_may_see_members
from identity.actions.found_organization import (
    change_organization,
    found_organization,
    make_workspace,
    read_organization,
)
from identity.api.parts import TheDesk, TheMeans
from identity.domain.organization import Place
from identity.schemas.fields import TokenInPath
from identity.schemas.organizations import (
    AddedView,
    MembershipView,
    MemberView,
    NewOrganizationBody,
    NewTeamMemberBody,
    NewWorkspaceBody,
    OrganizationPatch,
    OrganizationView,
    TeamRoleBody,
    WorkspaceView,
)
from identity.store import members, organizations

router = APIRouter(prefix="/v1", tags=["organizations"])
Organization = Annotated[OrganizationId, Path(alias="organizationId")]
Member = Annotated[MemberId, Path(alias="memberId")]


@router.post("/organizations", status_code=201)
async def found(body: NewOrganizationBody, principal: CurrentPrincipal, desk: TheDesk) -> OrganizationView:
    """Found an organisation, whose owner one is then."""
    async with desk.transaction() as (tx, after):
        own = await found_organization(tx, after, principal, body.name, body.slug)
    return OrganizationView.of_own(own)


@router.get("/organizations")
async def read_own(
    principal: CurrentPrincipal, database: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[OrganizationView]:
    """The organisations I belong to, newest first."""
    user_id = principal.require_user()
    async with database.transaction() as tx:
        return await organizations.list_own_organizations(tx, user_id, cursor, limit, OrganizationView.of_own)


@router.get("/organizations/{organizationId}")
async def read_one(organization_id: Organization, principal: CurrentPrincipal, database: Db) -> OrganizationView:
    """An organisation."""
    async with database.transaction() as tx:
        organization = await read_organization(tx, principal, organization_id)
    return OrganizationView.of(organization, principal.organization_roles.get(organization_id))


@router.patch("/organizations/{organizationId}")
async def patch(
    organization_id: Organization, body: OrganizationPatch, principal: CurrentPrincipal, desk: TheDesk
) -> OrganizationView:
    """Change its name or slug."""
    async with desk.transaction() as (tx, _):
        organization = await change_organization(tx, principal, organization_id, body.name, body.slug)
    return OrganizationView.of(organization, principal.organization_roles.get(organization_id))


@router.post("/organizations/{organizationId}/workspaces", status_code=201)
async def add_workspace(
    organization_id: Organization, body: NewWorkspaceBody, principal: CurrentPrincipal, desk: TheDesk
) -> WorkspaceView:
    """Make a workspace."""
    async with desk.transaction() as (tx, _):
        workspace = await make_workspace(tx, principal, organization_id, body.name, body.slug)
    return WorkspaceView.of(workspace)


@router.get("/organizations/{organizationId}/workspaces")
async def read_workspaces(
    organization_id: Organization,
    principal: CurrentPrincipal,
    database: Db,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WorkspaceView]:
    """Its workspaces, newest first."""
    require_capability(principal, Capability.IDENTITY_ORGANIZATION_READ, Scope(organization_id))
    async with database.transaction() as tx:
        return await organizations.list_workspaces(tx, organization_id, cursor, limit, WorkspaceView.of)


@router.post("/organizations/{organizationId}/members", status_code=201)
async def add(
    organization_id: Organization,
    body: NewTeamMemberBody,
    principal: CurrentPrincipal,
    desk: TheDesk,
    means: TheMeans,
) -> AddedView:
    """Add someone: a member at once when the address is proved, else by invitation."""
    async with desk.transaction() as (tx, after):
        added = await add_member(tx, after, means, principal, Place(organization_id), body.email, body.role)
    return AddedView.of(added)


@router.get("/organizations/{organizationId}/members")
async def read_members(
    organization_id: Organization,
    principal: CurrentPrincipal,
    database: Db,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MemberView]:
    """Its team, newest first."""
    place = Place(organization_id)
    require_may_see_members(principal, place)
    async with database.transaction() as tx:
        return await members.list_members(tx, place, cursor, limit, MemberView.of)


@router.patch("/organizations/{organizationId}/members/{memberId}")
async def change(
    organization_id: Organization,
    member_id: Member,
    body: TeamRoleBody,
    principal: CurrentPrincipal,
    desk: TheDesk,
) -> MembershipView:
    """Give a member another role; it holds from their very next request."""
    async with desk.transaction() as (tx, after):
        member = await change_role(tx, after, principal, Place(organization_id), member_id, body.role)
    return MembershipView.of(member)


@router.delete("/organizations/{organizationId}/members/{memberId}", status_code=204)
async def remove(organization_id: Organization, member_id: Member, principal: CurrentPrincipal, desk: TheDesk) -> None:
    """End a membership, one's own included."""
    async with desk.transaction() as (tx, after):
        await remove_member(tx, after, principal, Place(organization_id), member_id)


@router.post("/invitations/{token}/accept")
async def accept(token: TokenInPath, principal: CurrentPrincipal, desk: TheDesk) -> MembershipView:
    """Become a member by the token of an invitation."""
    async with desk.transaction() as (tx, after):
        member = await accept_invitation(tx, after, principal, token)
    return MembershipView.of(member)
