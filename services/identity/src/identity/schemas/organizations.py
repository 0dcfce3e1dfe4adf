"""Organisations, workspaces, their members and invitations."""

from datetime import datetime
from typing import Literal

from common.ids import MemberId, OrganizationId, UserId, WorkspaceId
from common.schemas import Body, Name, Slug, View
from identity.actions.add_member import Added
from identity.domain.organization import Member, MemberCard, Organization, Workspace
from identity.schemas.fields import MailAddress
from identity.store.organizations import OwnOrganization

TeamRole = Literal["owner", "admin", "manager", "finance", "scanner", "viewer"]
WorkspaceRole = Literal["manager", "editor", "viewer"]


class NewOrganizationBody(Body):
    """What an organisation is called, and the short name in its addresses."""

    name: Name
    slug: Slug


class OrganizationPatch(Body):
    """What to change; what is left out stays."""

    name: Name | None = None
    slug: Slug | None = None


class OrganizationView(View):
    """An organisation; `role` is the asker's own, where they have one."""

    id: OrganizationId
    name: str
    slug: str
    suspended: bool
    created_at: datetime
    role: str | None = None

    @classmethod
    def of(cls, organization: Organization, role: str | None = None) -> "OrganizationView":
        """From the domain's value."""
        return cls(
            id=organization.id,
            name=organization.name,
            slug=organization.slug,
            suspended=organization.suspended_at is not None,
            created_at=organization.created_at,
            role=role,
        )

    @classmethod
    def of_own(cls, own: OwnOrganization) -> "OrganizationView":
        """From an organisation with one's role there."""
        return cls.of(own.organization, own.role)


class NewWorkspaceBody(Body):
    """What a workspace is called, and its short name within the organisation."""

    name: Name
    slug: Slug


class WorkspaceView(View):
    """A part of an organisation."""

    id: WorkspaceId
    organization_id: OrganizationId
    name: str
    slug: str
    created_at: datetime

    @classmethod
    def of(cls, workspace: Workspace) -> "WorkspaceView":
        """From the domain's value."""
        return cls(
            id=workspace.id,
            organization_id=workspace.organization_id,
            name=workspace.name,
            slug=workspace.slug,
            created_at=workspace.created_at,
        )


class NewTeamMemberBody(Body):
    """Who joins the team, and as what."""

    email: MailAddress
    role: TeamRole


class NewWorkspaceMemberBody(Body):
    """Who joins the workspace, and as what."""

    email: MailAddress
    role: WorkspaceRole


class TeamRoleBody(Body):
    """The new role."""

    role: TeamRole


class WorkspaceRoleBody(Body):
    """The new role."""

    role: WorkspaceRole


class AddedView(View):
    """A membership (`active`), or the invitation to one (`invited`)."""

    id: str
    status: Literal["active", "invited"]
    email: str
    role: str

    @classmethod
    def of(cls, added: Added) -> "AddedView":
        """From what the action did."""
        return cls(id=added.id, status=added.status, email=added.email, role=added.role)


class MemberView(View):
    """Someone's membership as the team sees it."""

    id: MemberId
    user_id: UserId
    email: str
    name: str | None
    role: str
    created_at: datetime

    @classmethod
    def of(cls, card: MemberCard) -> "MemberView":
        """From the domain's value."""
        return cls(
            id=card.id,
            user_id=card.user_id,
            email=card.email,
            name=card.name,
            role=card.role,
            created_at=card.created_at,
        )


class MembershipView(View):
    """A membership."""

    id: MemberId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    user_id: UserId
    role: str

    @classmethod
    def of(cls, member: Member) -> "MembershipView":
        """From the domain's value."""
        return cls(
            id=member.id,
            organization_id=member.place.organization_id,
            workspace_id=member.place.workspace_id,
            user_id=member.user_id,
            role=member.role,
        )
