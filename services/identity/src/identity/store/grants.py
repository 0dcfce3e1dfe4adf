"""What a sign-in may do, asked in one statement: the gateway waits for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, case, cast, exists, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Row

from common.db import Transaction
from common.ids import OrganizationId, SignInId, UserId, WorkspaceId
from identity.domain.sign_in import SignIn
from identity.domain.user import User
from identity.store.users import user_of
from identity.tables import (
    admins,
    organizations,
    platform_roles,
    sign_ins,
    team_members,
    users,
    workspace_members,
    workspaces,
)


@dataclass(frozen=True, slots=True)
class Grants:
    """Every role of a person. In a suspended organisation every role is `suspended`, and its workspaces are closed."""

    platform: frozenset[str]
    organizations: Mapping[OrganizationId, str]
    workspaces: Mapping[WorkspaceId, str]


async def find_sign_in_with_grants(tx: Transaction, sign_in_id: SignInId) -> tuple[SignIn, User, Grants] | None:
    """A sign-in, whose it is and what that person may do, all of one moment."""
    query = (
        _with_grants(select(sign_ins.c.id.label("sign_in_id"), *_others(), *users.c))
        .join(users, users.c.id == sign_ins.c.user_id)
        .where(sign_ins.c.id == sign_in_id)
    )
    row = await tx.one(query)
    return (_sign_in(row), user_of(row), _grants(row)) if row else None


async def find_user_with_grants(tx: Transaction, user_id: UserId) -> tuple[User, Grants] | None:
    """A person and what they may do."""
    row = await tx.one(_with_grants(select(*users.c)).where(users.c.id == user_id))
    return (user_of(row), _grants(row)) if row else None


def _others() -> list[Any]:
    """The columns of a sign-in whose names a user has too, and the rest."""
    named = [sign_ins.c.created_at.label("signed_in_at"), sign_ins.c.version.label("sign_in_version")]
    alike = ("method", "device", "address", "last_used_at", "expires_at", "ended_at", "end_reason")
    return [*named, *(sign_ins.c[name] for name in alike)]


def _with_grants(query: Select[Any]) -> Select[Any]:
    team_role = case((organizations.c.suspended_at.is_(None), team_members.c.role), else_="suspended")
    nothing = cast(literal("{}"), JSONB)
    teams = (
        select(func.coalesce(func.jsonb_object_agg(cast(organizations.c.id, Text), team_role), nothing))
        .select_from(team_members.join(organizations, organizations.c.id == team_members.c.organization_id))
        .where(team_members.c.user_id == users.c.id)
        .correlate(users)
    )
    rooms = (
        select(
            func.coalesce(
                func.jsonb_object_agg(cast(workspace_members.c.workspace_id, Text), workspace_members.c.role), nothing
            )
        )
        .select_from(
            workspace_members.join(workspaces, workspaces.c.id == workspace_members.c.workspace_id).join(
                organizations, organizations.c.id == workspaces.c.organization_id
            )
        )
        .where(workspace_members.c.user_id == users.c.id, organizations.c.suspended_at.is_(None))
        .correlate(users)
    )
    platform = (
        select(func.coalesce(func.jsonb_agg(platform_roles.c.role), cast(literal("[]"), JSONB)))
        .where(platform_roles.c.user_id == users.c.id)
        .correlate(users)
    )
    listed = exists().where(admins.c.email_key == users.c.email_key).correlate(users)
    return query.add_columns(
        teams.scalar_subquery().label("team_roles"),
        rooms.scalar_subquery().label("room_roles"),
        platform.scalar_subquery().label("own_roles"),
        listed.label("is_admin"),
    )


def _grants(row: Row[Any]) -> Grants:
    return Grants(
        platform=frozenset(row.own_roles) | ({"admin"} if row.is_admin else set()),
        organizations={OrganizationId.from_uuid(UUID(key)): role for key, role in row.team_roles.items()},
        workspaces={WorkspaceId.from_uuid(UUID(key)): role for key, role in row.room_roles.items()},
    )


def _sign_in(row: Row[Any]) -> SignIn:
    return SignIn(
        id=row.sign_in_id,
        user_id=row.id,
        method=row.method,
        device=row.device,
        address=row.address,
        created_at=row.signed_in_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        version=row.sign_in_version,
    )
