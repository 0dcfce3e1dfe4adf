"""Organisations, their workspaces, who belongs to them, and who was invited."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from common.db import TypedId, moment
from common.ids import InvitationId, MemberId, OrganizationId, UserId, WorkspaceId
from identity.tables.base import metadata

TEAM_ROLES = "role IN ('owner', 'admin', 'manager', 'finance', 'scanner', 'viewer')"
WORKSPACE_ROLES = "role IN ('manager', 'editor', 'viewer')"

organizations = Table(
    "organizations",
    metadata,
    Column("id", TypedId(OrganizationId), primary_key=True),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("owner_count", Integer, nullable=False),
    Column("suspended_at", moment()),
    Column("created_at", moment(), nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    UniqueConstraint("slug", name="uq_organizations_slug"),
    CheckConstraint("owner_count >= 1", name="has_an_owner"),
)

team_members = Table(
    "team_members",
    metadata,
    Column("id", TypedId(MemberId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), ForeignKey("organizations.id"), nullable=False),
    Column("user_id", TypedId(UserId), ForeignKey("users.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    UniqueConstraint("organization_id", "user_id", name="uq_team_members_one_per_user"),
    CheckConstraint(TEAM_ROLES, name="role_is_known"),
)
Index("ix_team_members_user_id", team_members.c.user_id)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", TypedId(WorkspaceId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), ForeignKey("organizations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    UniqueConstraint("organization_id", "slug", name="uq_workspaces_slug"),
)

workspace_members = Table(
    "workspace_members",
    metadata,
    Column("id", TypedId(MemberId), primary_key=True),
    Column("workspace_id", TypedId(WorkspaceId), ForeignKey("workspaces.id"), nullable=False),
    Column("user_id", TypedId(UserId), ForeignKey("users.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    UniqueConstraint("workspace_id", "user_id", name="uq_workspace_members_one_per_user"),
    CheckConstraint(WORKSPACE_ROLES, name="role_is_known"),
)
Index("ix_workspace_members_user_id", workspace_members.c.user_id)

invitations = Table(
    "invitations",
    metadata,
    Column("id", TypedId(InvitationId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), ForeignKey("organizations.id"), nullable=False),
    Column("workspace_id", TypedId(WorkspaceId), ForeignKey("workspaces.id")),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("invited_by", Text, nullable=False),
    Column("opens_gate", Boolean, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("expires_at", moment(), nullable=False),
    Column("ended_at", moment()),
    Column("outcome", Text),
    UniqueConstraint("digest", name="uq_invitations_digest"),
    CheckConstraint("outcome IN ('accepted', 'replaced')", name="outcome_is_known"),
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="end_has_an_outcome"),
    CheckConstraint(
        f"(workspace_id IS NULL AND {TEAM_ROLES}) OR (workspace_id IS NOT NULL AND {WORKSPACE_ROLES})",
        name="role_is_known",
    ),
)
Index("ix_invitations_open_by_address", invitations.c.email_key, postgresql_where=text("ended_at IS NULL"))
Index("ix_invitations_organization_id", invitations.c.organization_id)
