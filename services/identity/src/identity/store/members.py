"""Memberships of organisations and of workspaces: alike but for where they hold."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, delete, insert, select, update
from sqlalchemy.engine import Row

from common.db import Transaction, refusing
from common.ids import MemberId, OrganizationId, UserId
from common.paging import newest_first
from common.schemas import Page, View
from identity.domain.organization import Member, MemberCard, Place
from identity.errors import AlreadyMember
from identity.tables import team_members, users, workspace_members, workspaces

Shown = TypeVar("Shown", bound=View)
_TAKEN = {
    "uq_team_members_one_per_user": AlreadyMember,
    "uq_workspace_members_one_per_user": AlreadyMember,
}


async def insert_member(tx: Transaction, member: Member) -> None:
    """Keep a new membership. Refuses a second one of the same person in the same place."""
    where = (
        {"organization_id": member.place.organization_id}
        if member.place.workspace_id is None
        else {"workspace_id": member.place.workspace_id}
    )
    values = {"id": member.id, "user_id": member.user_id, "role": member.role, "created_at": tx.now}
    with refusing(_TAKEN):
        await tx.execute(insert(_table(member.place)).values(**values, **where))


async def find_member(tx: Transaction, place: Place, member_id: MemberId) -> Member | None:
    """A membership of that place. Call it under the organisation's lock to change it."""
    table = _table(place)
    row = await tx.one(select(table).where(_in(place), table.c.id == member_id))
    return _member(row, place) if row else None


async def change_role(tx: Transaction, member: Member, role: str) -> Member:
    """Give a member another role."""
    table = _table(member.place)
    statement = update(table).where(table.c.id == member.id).values(role=role, version=table.c.version + 1)
    return _member((await tx.execute(statement.returning(*table.c))).one(), member.place)


async def delete_member(tx: Transaction, member: Member) -> None:
    """End a membership."""
    table = _table(member.place)
    await tx.execute(delete(table).where(table.c.id == member.id))


async def list_members(
    tx: Transaction, place: Place, cursor: str | None, limit: int, view: Callable[[MemberCard], Shown]
) -> Page[Shown]:
    """Who belongs to a place, newest first."""
    table = _table(place)
    columns = (table.c.id, table.c.user_id, table.c.role, table.c.created_at, users.c.email, users.c.name)
    query = select(*columns).join(users, users.c.id == table.c.user_id).where(_in(place))
    return await newest_first(tx, query, table.c.id, MemberId, cursor, limit, lambda row: view(_card(row)))


async def team_with_roles(
    tx: Transaction, organization_id: OrganizationId, roles: tuple[str, ...] | None = None
) -> list[UserId]:
    """The people of a team who have one of these roles; with None everyone."""
    query = select(team_members.c.user_id).where(team_members.c.organization_id == organization_id)
    if roles is not None:
        query = query.where(team_members.c.role.in_(roles))
    return [row.user_id for row in await tx.all(query)]


async def workspace_people(tx: Transaction, organization_id: OrganizationId) -> list[UserId]:
    """Everyone who is a member of some workspace of an organisation."""
    query = select(workspace_members.c.user_id).join(workspaces, workspaces.c.id == workspace_members.c.workspace_id)
    rows = await tx.all(query.where(workspaces.c.organization_id == organization_id).distinct())
    return [row.user_id for row in rows]


async def every_member(tx: Transaction) -> list[Member]:
    """All memberships, for saying their state again."""
    teams = await tx.all(select(team_members).order_by(team_members.c.id))
    rooms = await tx.all(
        select(workspace_members, workspaces.c.organization_id)
        .join(workspaces, workspaces.c.id == workspace_members.c.workspace_id)
        .order_by(workspace_members.c.id)
    )
    of_teams = [_member(row, Place(row.organization_id)) for row in teams]
    return of_teams + [_member(row, Place(row.organization_id, row.workspace_id)) for row in rooms]


def _table(place: Place) -> Table:
    return team_members if place.workspace_id is None else workspace_members


def _in(place: Place) -> ColumnElement[bool]:
    if place.workspace_id is None:
        return team_members.c.organization_id == place.organization_id
    return workspace_members.c.workspace_id == place.workspace_id


def _member(row: Row[Any], place: Place) -> Member:
    return Member(row.id, place, row.user_id, row.role, row.version)


def _card(row: Row[Any]) -> MemberCard:
    return MemberCard(row.id, row.user_id, row.email, row.name, row.role, row.created_at)
