"""Founds an organisation; whoever founds it is its owner. Also its workspaces, and what changes of it later."""

from common.capabilities import Capability, Scope, require_capability
from common.db import Transaction
from common.ids import MemberId, OrganizationId, WorkspaceId
from common.principal import Principal
from common.refusals import NotFound
from identity.actions.authority import enter
from identity.actions.desk import After
from identity.actions.saying import (
    member_changed,
    organization_created,
    organization_suspended,
    organization_updated,
)
from identity.domain.granting import OWNER
from identity.domain.organization import Member, Organization, Place, Workspace
from identity.store import audit, backers, machines, members, organizations, users


async def found_organization(
    tx: Transaction, after: After, principal: Principal, name: str, slug: str
) -> organizations.OwnOrganization:
    """Found an organisation. Refuses a slug that is taken, and someone's 201st membership."""
    user_id = principal.require_user()
    organization = Organization(tx.new_id(OrganizationId), name, slug, None, tx.now, 1)
    owner = Member(tx.new_id(MemberId), Place(organization.id), user_id, OWNER, 1)
    await organizations.insert_organization(tx, organization)
    await members.insert_member(tx, owner)
    await users.change_rights(tx, [user_id], memberships=1)
    await audit.record(tx, principal.actor, "organization.founded", organization.id)
    after.forget(user_id)
    tx.publish(organization_created(organization, await backers.tiers_of_owners(tx, organization.id)))
    tx.publish(member_changed(owner))
    return organizations.OwnOrganization(organization, OWNER)


async def change_organization(
    tx: Transaction, principal: Principal, organization_id: OrganizationId, name: str | None, slug: str | None
) -> Organization:
    """Give an organisation another name or slug."""
    organization, _ = await enter(tx, principal, Place(organization_id), Capability.IDENTITY_ORGANIZATION_WRITE)
    if name is None and slug is None:
        return organization
    changed = await organizations.update_organization(tx, organization_id, name, slug)
    await audit.record(tx, principal.actor, "organization.changed", organization_id)
    tx.publish(organization_updated(changed, await backers.tiers_of_owners(tx, organization_id)))
    return changed


async def make_workspace(
    tx: Transaction, principal: Principal, organization_id: OrganizationId, name: str, slug: str
) -> Workspace:
    """Make a part of an organisation that has members of its own."""
    await enter(tx, principal, Place(organization_id), Capability.IDENTITY_WORKSPACE_WRITE)
    workspace = Workspace(tx.new_id(WorkspaceId), organization_id, name, slug, tx.now, 1)
    await organizations.insert_workspace(tx, workspace)
    await audit.record(tx, principal.actor, "workspace.made", workspace.id)
    return workspace


async def suspend_organization(
    tx: Transaction, after: After, actor: str, organization_id: OrganizationId, *, suspended: bool
) -> Organization:
    """Leave an organisation nothing but reading and export, or give it back what it had. For operators."""
    organization = await organizations.lock_organization(tx, organization_id)
    if organization is None:
        raise NotFound()
    if (organization.suspended_at is not None) == suspended:
        return organization
    changed = await organizations.suspend_organization(tx, organization_id, suspended=suspended)
    concerned = set(await members.team_with_roles(tx, organization_id))
    concerned.update(await members.workspace_people(tx, organization_id))
    await users.change_rights(tx, sorted(concerned))
    await audit.record(tx, actor, "organization.suspended" if suspended else "organization.restored", organization_id)
    after.forget(*sorted(concerned), *await machines.rights_changed(tx, organization_id))
    tx.publish(organization_suspended(changed, await backers.tiers_of_owners(tx, organization_id)))
    return changed


async def read_organization(tx: Transaction, principal: Principal, organization_id: OrganizationId) -> Organization:
    """An organisation, for those who may know of it."""
    require_capability(principal, Capability.IDENTITY_ORGANIZATION_READ, Scope(organization_id))
    organization = await organizations.find_organization(tx, organization_id)
    if organization is None:
        raise NotFound()
    return organization


async def place_of_workspace(tx: Transaction, workspace_id: WorkspaceId) -> Place:
    """Where a workspace is. The caller still has to ask whether the principal may know of it."""
    workspace = await organizations.find_workspace(tx, workspace_id)
    if workspace is None:
        raise NotFound()
    return Place(workspace.organization_id, workspace_id)
