"""Identity's aggregates as the messages that carry their state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from common.ids import UserId
from common.messages import (
    BackerClaimed,
    MemberChanged,
    NotificationCreated,
    OrganizationCreated,
    OrganizationSuspended,
    OrganizationUpdated,
    UserCreated,
    UserUpdated,
)
from identity.domain.backer import Backer
from identity.domain.organization import Member, Organization
from identity.domain.user import User
from identity.store.notifications import Notification

Tiers = Sequence[str]


def user_created(user: User) -> UserCreated:
    """Someone has an account now."""
    return UserCreated(
        sequence=user.version,
        user_id=user.id,
        email=user.address.typed,
        name=user.name,
        created_at=user.created_at,
    )


def user_updated(user: User) -> UserUpdated:
    """Someone's name or address changed, or is said again."""
    return UserUpdated(
        sequence=user.version,
        user_id=user.id,
        email=user.address.typed,
        name=user.name,
        created_at=user.created_at,
    )


def organization_created(organization: Organization, backer_tiers: Tiers) -> OrganizationCreated:
    """An organisation was founded."""
    return OrganizationCreated(**_organization(organization, backer_tiers))


def organization_updated(organization: Organization, backer_tiers: Tiers) -> OrganizationUpdated:
    """An organisation changed, or is said again."""
    return OrganizationUpdated(**_organization(organization, backer_tiers))


def organization_suspended(organization: Organization, backer_tiers: Tiers) -> OrganizationSuspended:
    """An organisation was suspended or restored."""
    return OrganizationSuspended(**_organization(organization, backer_tiers))


def backer_claimed(backer: Backer, user_id: UserId, at: datetime) -> BackerClaimed:
    """Someone came in as a backer."""
    return BackerClaimed(sequence=backer.version, backer_id=backer.id, user_id=user_id, tier=backer.tier, claimed_at=at)


def member_changed(member: Member) -> MemberChanged:
    """Someone joined or has another role."""
    return _member(member, member.role, member.version)


def member_left(member: Member) -> MemberChanged:
    """Someone's membership ended."""
    return _member(member, None, member.version + 1)


def notification_created(user_id: UserId, notification: Notification) -> NotificationCreated:
    """Someone is told something. It never changes, save that it is read, which is nobody else's business."""
    return NotificationCreated(
        sequence=1,
        notification_id=notification.id,
        user_id=user_id,
        kind=notification.kind,
        title=notification.title,
        text=notification.body,
        link=notification.link,
        created_at=notification.created_at,
    )


def _member(member: Member, role: str | None, sequence: int) -> MemberChanged:
    return MemberChanged(
        sequence=sequence,
        member_id=member.id,
        organization_id=member.place.organization_id,
        workspace_id=member.place.workspace_id,
        user_id=member.user_id,
        role=role,
    )


def _organization(organization: Organization, backer_tiers: Tiers) -> dict[str, Any]:
    return {
        "sequence": organization.version,
        "organization_id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "suspended": organization.suspended_at is not None,
        "created_at": organization.created_at,
        "backer_tiers": tuple(backer_tiers),
    }
