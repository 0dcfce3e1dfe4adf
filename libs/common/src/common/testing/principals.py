"""People and machines that ask, for tests."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from common.clock import SystemClock, SystemEntropy
from common.ids import DeviceId, Id, OrganizationId, SignInId, UserId, WorkspaceId
from common.principal import ANONYMOUS, Principal

__all__ = ["ANONYMOUS", "device_of", "fresh", "member_of", "platform", "user", "workspace_member"]

Kind = TypeVar("Kind", bound=Id)


def fresh(kind: type[Kind]) -> Kind:
    """A new id of a kind, where a test does not care which."""
    return kind.new(SystemClock().now(), SystemEntropy())


def user(
    email: str | None = "ada@example.org", name: str | None = "Ada Lovelace", user_id: UserId | None = None
) -> Principal:
    """A signed-in person without any role."""
    return Principal(
        kind="user",
        subject=user_id or fresh(UserId),
        sign_in_id=SignInId(fresh(SignInId)),
        authenticated_at=datetime.now(UTC),
        email=email,
        name=name,
    )


def member_of(organization_id: OrganizationId, role: str, email: str = "olu@example.org") -> Principal:
    """A member of an organisation's team."""
    return replace(user(email, "Olu"), organization_roles={organization_id: role})


def workspace_member(workspace_id: WorkspaceId, role: str) -> Principal:
    """A member of one workspace and of nothing else."""
    return replace(user("wil@example.org", "Wil"), workspace_roles={workspace_id: role})


def platform(role: str) -> Principal:
    """One of the platform's own people."""
    return replace(user("pat@example.org", "Pat"), platform_roles=frozenset({role}))


def device_of(organization_id: OrganizationId, role: str = "scanner") -> Principal:
    """An enrolled device of an organisation."""
    return Principal(kind="device", subject=fresh(DeviceId), organization_roles={organization_id: role})
