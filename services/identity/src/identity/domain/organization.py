"""Organisations, their workspaces, who belongs to them, and who was invited."""

from dataclasses import dataclass
from datetime import datetime

from common.ids import InvitationId, MemberId, OrganizationId, UserId, WorkspaceId


@dataclass(frozen=True, slots=True)
class Organization:
    """A team that owns events, money and workspaces."""

    id: OrganizationId
    name: str
    slug: str
    suspended_at: datetime | None
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Workspace:
    """A part of an organisation with members of its own."""

    id: WorkspaceId
    organization_id: OrganizationId
    name: str
    slug: str
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a membership holds: an organisation, or one of its workspaces."""

    organization_id: OrganizationId
    workspace_id: WorkspaceId | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Someone's membership."""

    id: MemberId
    place: Place
    user_id: UserId
    role: str
    version: int


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A membership as a team sees it: with the person's name and address."""

    id: MemberId
    user_id: UserId
    email: str
    name: str | None
    role: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """A place kept for an address that nobody has proved yet."""

    id: InvitationId
    place: Place
    role: str
    invited_by: str
    expires_at: datetime
    ended: bool

    def stands(self, now: datetime) -> bool:
        """Whether it can still be accepted."""
        return not self.ended and now < self.expires_at
