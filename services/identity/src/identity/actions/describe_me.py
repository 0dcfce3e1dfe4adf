"""Who I am here: my roles, organisations, workspaces, and what I may do in each."""

from dataclasses import dataclass

from common.capabilities import ORGANIZATION_ROLES, PLATFORM_ROLES, WORKSPACE_ROLES
from common.db import Transaction
from common.principal import Principal
from common.refusals import Unauthenticated
from identity.actions.desk import After
from identity.actions.saying import user_updated
from identity.domain.user import User
from identity.store import audit, grants, notifications, organizations, users
from identity.store.organizations import OwnOrganization, OwnWorkspace


@dataclass(frozen=True, slots=True)
class Me:
    """A person with everything they belong to."""

    user: User
    platform_roles: tuple[str, ...]
    organizations: tuple[OwnOrganization, ...]
    workspaces: tuple[OwnWorkspace, ...]
    unread_notifications: int

    def platform_capabilities(self) -> list[str]:
        """What the platform roles hold, everywhere."""
        return sorted({capability for role in self.platform_roles for capability in PLATFORM_ROLES[role]})


async def describe_me(tx: Transaction, principal: Principal) -> Me:
    """The person who asks."""
    user_id = principal.require_user()
    found = await grants.find_user_with_grants(tx, user_id)
    if found is None:
        raise Unauthenticated()
    user, roles = found
    return Me(
        user,
        tuple(sorted(roles.platform)),
        tuple(await organizations.own_organizations(tx, user_id)),
        tuple(await organizations.own_workspaces(tx, user_id)),
        await notifications.count_unread(tx, user_id),
    )


async def rename_me(tx: Transaction, after: After, principal: Principal, name: str | None) -> None:
    """Take another name. It travels in every internal token, so the gateways look it up anew."""
    user = await users.rename(tx, principal.require_user(), name)
    await audit.record(tx, principal.actor, "user.renamed", user.id)
    after.forget(user.id)
    tx.publish(user_updated(user))


def capabilities_in_organization(role: str) -> list[str]:
    """What a role of a team holds."""
    return sorted(ORGANIZATION_ROLES[role])


def capabilities_in_workspace(role: str) -> list[str]:
    """What a role of a workspace holds."""
    return sorted(WORKSPACE_ROLES[role])
