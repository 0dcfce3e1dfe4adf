"""What identity says."""

from datetime import datetime
from typing import ClassVar, Literal

from common.ids import BackerId, MemberId, NotificationId, OrganizationId, SignInId, UserId, WorkspaceId
from common.messages.audience import Audience, Users
from common.messages.base import Message


class _UserMessage(Message):
    publisher: ClassVar[str] = "identity"
    about: ClassVar[str] = "user_id"

    user_id: UserId
    email: str
    """The verified address: events attaches passes that were bought for it."""
    name: str | None
    created_at: datetime


class UserCreated(_UserMessage):
    """Someone proved an address for the first time and now has an account."""

    subject: ClassVar[str] = "user.created"
    listeners: ClassVar[tuple[str, ...]] = ("events",)


class UserUpdated(_UserMessage):
    """A user changed name or address."""

    subject: ClassVar[str] = "user.updated"
    listeners: ClassVar[tuple[str, ...]] = ("events",)


class _OrganizationMessage(Message):
    publisher: ClassVar[str] = "identity"
    about: ClassVar[str] = "organization_id"

    organization_id: OrganizationId
    name: str
    slug: str
    suspended: bool
    created_at: datetime
    backer_tiers: tuple[str, ...] = ()
    """The tiers its present owners claimed in the crowdfunding, each once, in alphabetical order: commerce's discount on
    platform fees."""


class OrganizationCreated(_OrganizationMessage):
    """An organisation was founded; its creator is its owner."""

    subject: ClassVar[str] = "organization.created"
    listeners: ClassVar[tuple[str, ...]] = ("commerce", "dp", "wallet")


class OrganizationUpdated(_OrganizationMessage):
    """An organisation changed its name or look, or other backers own it."""

    subject: ClassVar[str] = "organization.updated"
    listeners: ClassVar[tuple[str, ...]] = ("commerce", "dp", "wallet")


class OrganizationSuspended(_OrganizationMessage):
    """An organisation was left nothing but reading and export, or given back what it had: `suspended` says which."""

    subject: ClassVar[str] = "organization.suspended"
    listeners: ClassVar[tuple[str, ...]] = ("commerce", "dp", "wallet")


class BackerClaimed(Message):
    """A new person came in as a backer of the crowdfunding. Which backers own an organisation is said by `organization.*`."""

    publisher: ClassVar[str] = "identity"
    subject: ClassVar[str] = "backer.claimed"
    about: ClassVar[str] = "backer_id"

    backer_id: BackerId
    user_id: UserId
    tier: str
    claimed_at: datetime


class MemberChanged(Message):
    """Someone joined an organisation or workspace, got another role there, or left."""

    publisher: ClassVar[str] = "identity"
    subject: ClassVar[str] = "member.changed"
    about: ClassVar[str] = "member_id"

    member_id: MemberId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    user_id: UserId
    role: str | None
    """None when the membership ended."""


class SignInEnded(Message):
    """A sign-in was signed out, revoked, replaced, or ended because its refresh token was stolen."""

    publisher: ClassVar[str] = "identity"
    subject: ClassVar[str] = "sign_in.ended"
    listeners: ClassVar[tuple[str, ...]] = ("gateway",)
    about: ClassVar[str] = "sign_in_id"

    sign_in_id: SignInId
    user_id: UserId
    reason: Literal["signed_out", "revoked", "session_replaced", "token_reuse", "expired"]
    ended_at: datetime


class NotificationCreated(Message):
    """Someone is told something inside the app."""

    publisher: ClassVar[str] = "identity"
    subject: ClassVar[str] = "notification.created"
    listeners: ClassVar[tuple[str, ...]] = ("gateway",)
    about: ClassVar[str] = "notification_id"
    audience: ClassVar[Audience | None] = Users(
        ("user_id",), ("sequence", "notification_id", "kind", "title", "text", "link", "created_at")
    )

    notification_id: NotificationId
    user_id: UserId
    kind: str
    title: str
    text: str
    """Words for this one person's eyes."""
    link: str | None
    created_at: datetime
