"""The person who asks, and what they were told."""

from datetime import datetime

from common.ids import NotificationId, OrganizationId, UserId, WorkspaceId
from common.schemas import Body, Name, Page, View
from identity.actions.describe_me import Me, capabilities_in_organization, capabilities_in_workspace
from identity.store.notifications import Notification
from identity.store.organizations import OwnOrganization, OwnWorkspace


class MyOrganizationView(View):
    """An organisation I belong to, and what I may do there."""

    id: OrganizationId
    name: str
    slug: str
    role: str
    capabilities: list[str]

    @classmethod
    def of(cls, own: OwnOrganization) -> "MyOrganizationView":
        """From an organisation with one's role there."""
        organization = own.organization
        return cls(
            id=organization.id,
            name=organization.name,
            slug=organization.slug,
            role=own.role,
            capabilities=capabilities_in_organization(own.role),
        )


class MyWorkspaceView(View):
    """A workspace I am a member of, and what I may do there."""

    id: WorkspaceId
    organization_id: OrganizationId
    name: str
    slug: str
    role: str
    capabilities: list[str]

    @classmethod
    def of(cls, own: OwnWorkspace) -> "MyWorkspaceView":
        """From a workspace with one's role there."""
        workspace = own.workspace
        return cls(
            id=workspace.id,
            organization_id=workspace.organization_id,
            name=workspace.name,
            slug=workspace.slug,
            role=own.role,
            capabilities=capabilities_in_workspace(own.role),
        )


class MeView(View):
    """Who I am. `capabilities` are those of my platform roles, which hold everywhere."""

    id: UserId
    email: str
    name: str | None
    created_at: datetime
    is_backer: bool
    roles: list[str]
    capabilities: list[str]
    organizations: list[MyOrganizationView]
    workspaces: list[MyWorkspaceView]
    unread_notifications: int

    @classmethod
    def of(cls, me: Me) -> "MeView":
        """From what the action found."""
        return cls(
            id=me.user.id,
            email=me.user.address.typed,
            name=me.user.name,
            created_at=me.user.created_at,
            is_backer=me.user.backer_id is not None,
            roles=list(me.platform_roles),
            capabilities=me.platform_capabilities(),
            organizations=[MyOrganizationView.of(own) for own in me.organizations],
            workspaces=[MyWorkspaceView.of(own) for own in me.workspaces],
            unread_notifications=me.unread_notifications,
        )


class MePatch(Body):
    """What to change of oneself."""

    name: Name | None


class NotificationView(View):
    """Something I was told."""

    id: NotificationId
    kind: str
    title: str
    body: str
    link: str | None
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, notification: Notification) -> "NotificationView":
        """From the stored one."""
        return cls(
            id=notification.id,
            kind=notification.kind,
            title=notification.title,
            body=notification.body,
            link=notification.link,
            created_at=notification.created_at,
            read_at=notification.read_at,
        )


class NotificationPage(Page[NotificationView]):
    """A slice of what I was told, and how much of all of it I have not read."""

    unread: int


class ReadBody(Body):
    """What I have read: these, or with `ids` left out everything."""

    ids: list[NotificationId] | None = None


class UnreadView(View):
    """How many notifications are left unread."""

    unread: int
