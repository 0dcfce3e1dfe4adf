"""Organisations and their workspaces."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Row

from common.db import Transaction, refusing
from common.ids import OrganizationId, UserId, WorkspaceId
from common.paging import newest_first
from common.schemas import Page, View
from identity.domain.organization import Organization, Workspace
from identity.errors import LastOwner, SlugTaken
from identity.tables import organizations, team_members, workspace_members, workspaces

Shown = TypeVar("Shown", bound=View)


@dataclass(frozen=True, slots=True)
class OwnOrganization:
    """An organisation with someone's role there."""

    organization: Organization
    role: str


@dataclass(frozen=True, slots=True)
class OwnWorkspace:
    """A workspace with someone's role there."""

    workspace: Workspace
    role: str


async def insert_organization(tx: Transaction, organization: Organization) -> None:
    """Keep a new organisation, with room for its one owner. Refuses a slug that is taken."""
    statement = insert(organizations).values(
        id=organization.id,
        name=organization.name,
        slug=organization.slug,
        owner_count=1,
        created_at=organization.created_at,
    )
    with refusing({"uq_organizations_slug": SlugTaken}):
        await tx.execute(statement)


async def find_organization(tx: Transaction, organization_id: OrganizationId) -> Organization | None:
    """The organisation of an id."""
    row = await tx.one(select(organizations).where(organizations.c.id == organization_id))
    return _organization(row) if row else None


async def lock_organization(tx: Transaction, organization_id: OrganizationId) -> Organization | None:
    """The organisation of an id, locked: its memberships change one after the other. Lock it before people."""
    query = select(organizations).where(organizations.c.id == organization_id)
    row = await tx.one(query.with_for_update(key_share=True))
    return _organization(row) if row else None


async def count_owners(tx: Transaction, organization_id: OrganizationId, change: int) -> Organization:
    """One owner more or fewer. Refuses where none would be left."""
    with refusing({"ck_organizations_has_an_owner": LastOwner}):
        return await _change(tx, organization_id, {"owner_count": organizations.c.owner_count + change})


async def update_organization(
    tx: Transaction, organization_id: OrganizationId, name: str | None, slug: str | None
) -> Organization:
    """Give an organisation another name or slug; None leaves it. Refuses a slug that is taken."""
    changed = {key: value for key, value in (("name", name), ("slug", slug)) if value is not None}
    return await _change(tx, organization_id, changed)


async def suspend_organization(tx: Transaction, organization_id: OrganizationId, *, suspended: bool) -> Organization:
    """Leave an organisation nothing but reading, or give it back what it had."""
    return await _change(tx, organization_id, {"suspended_at": tx.now if suspended else None})


async def list_own_organizations(
    tx: Transaction, user_id: UserId, cursor: str | None, limit: int, view: Callable[[OwnOrganization], Shown]
) -> Page[Shown]:
    """The organisations someone belongs to, newest first."""
    query = select(organizations, team_members.c.role).join(
        team_members, team_members.c.organization_id == organizations.c.id
    )
    query = query.where(team_members.c.user_id == user_id)
    return await newest_first(
        tx, query, organizations.c.id, OrganizationId, cursor, limit, lambda row: view(_own_organization(row))
    )


async def own_organizations(tx: Transaction, user_id: UserId) -> list[OwnOrganization]:
    """All organisations someone belongs to: at most 200."""
    query = select(organizations, team_members.c.role).join(
        team_members, team_members.c.organization_id == organizations.c.id
    )
    rows = await tx.all(query.where(team_members.c.user_id == user_id).order_by(organizations.c.id))
    return [_own_organization(row) for row in rows]


async def own_workspaces(tx: Transaction, user_id: UserId) -> list[OwnWorkspace]:
    """All workspaces someone is a member of: at most 200."""
    query = select(workspaces, workspace_members.c.role).join(
        workspace_members, workspace_members.c.workspace_id == workspaces.c.id
    )
    rows = await tx.all(query.where(workspace_members.c.user_id == user_id).order_by(workspaces.c.id))
    return [OwnWorkspace(_workspace(row), row.role) for row in rows]


async def insert_workspace(tx: Transaction, workspace: Workspace) -> None:
    """Keep a new workspace. Refuses a slug its organisation has already."""
    statement = insert(workspaces).values(
        id=workspace.id,
        organization_id=workspace.organization_id,
        name=workspace.name,
        slug=workspace.slug,
        created_at=workspace.created_at,
    )
    with refusing({"uq_workspaces_slug": SlugTaken}):
        await tx.execute(statement)


async def find_workspace(tx: Transaction, workspace_id: WorkspaceId) -> Workspace | None:
    """The workspace of an id."""
    row = await tx.one(select(workspaces).where(workspaces.c.id == workspace_id))
    return _workspace(row) if row else None


async def list_workspaces(
    tx: Transaction,
    organization_id: OrganizationId,
    cursor: str | None,
    limit: int,
    view: Callable[[Workspace], Shown],
) -> Page[Shown]:
    """The workspaces of an organisation, newest first."""
    query = select(workspaces).where(workspaces.c.organization_id == organization_id)
    return await newest_first(tx, query, workspaces.c.id, WorkspaceId, cursor, limit, lambda row: view(_workspace(row)))


async def every_organization(tx: Transaction) -> list[Organization]:
    """All of them, for saying their state again."""
    return [_organization(row) for row in await tx.all(select(organizations).order_by(organizations.c.id))]


async def _change(tx: Transaction, organization_id: OrganizationId, values: dict[str, Any]) -> Organization:
    statement = update(organizations).where(organizations.c.id == organization_id)
    statement = statement.values(**values, version=organizations.c.version + 1)
    with refusing({"uq_organizations_slug": SlugTaken}):
        return _organization((await tx.execute(statement.returning(*organizations.c))).one())


def _organization(row: Row[Any]) -> Organization:
    return Organization(row.id, row.name, row.slug, row.suspended_at, row.created_at, row.version)


def _own_organization(row: Row[Any]) -> OwnOrganization:
    organization = _organization(row)
    return OwnOrganization(organization, row.role if organization.suspended_at is None else "suspended")


def _workspace(row: Row[Any]) -> Workspace:
    return Workspace(row.id, row.organization_id, row.name, row.slug, row.created_at, row.version)
