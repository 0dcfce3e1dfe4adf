"""What somebody holds in a place at this very moment, read under the organisation's lock.

The principal of a request is what identity said a moment ago. Where memberships themselves change, a moment is too long:
of two administrators who demote each other at once, the second must find out that they no longer may.
"""

from dataclasses import dataclass

from common.capabilities import (
    ORGANIZATION_ROLES,
    PLATFORM_ROLES,
    WORKSPACE_ROLES,
    Capability,
    Grants,
    Scope,
    require_capability,
)
from common.db import Transaction
from common.ids import UserId
from common.principal import Principal
from common.refusals import MissingCapability, NotFound
from identity.domain.granting import OWNER, require_may_grant
from identity.domain.organization import Organization, Place
from identity.store import grants, organizations

ADMIN = "admin"
_NONE: frozenset[Capability] = frozenset()


@dataclass(frozen=True, slots=True)
class Authority:
    """The capabilities someone holds in a place, and whether they may make and unmake owners there."""

    held: frozenset[Capability]
    is_owner: bool

    def require_may_grant(self, place: Place, *roles: str) -> None:
        """Refuse where one of the roles, as it is in that place, holds more than this authority."""
        require_may_grant(roles, self.held, roles_of(place), is_owner=self.is_owner)


async def enter(
    tx: Transaction, principal: Principal, place: Place, capability: Capability
) -> tuple[Organization, Authority]:
    """Lock a place's organisation and make sure the principal holds a capability there, now.

    Raises:
        NotFound: there is none, or none the principal may know of.
        MissingCapability: they may know of it, but not do this.
    """
    scope = Scope(place.organization_id, place.workspace_id)
    require_capability(principal, capability, scope, reading=Capability.IDENTITY_ORGANIZATION_READ)
    organization = await organizations.lock_organization(tx, place.organization_id)
    if organization is None:
        raise NotFound()
    authority = await authority_of(tx, principal, place)
    if capability not in authority.held:
        raise MissingCapability(capability=capability.value)
    return organization, authority


async def authority_of(tx: Transaction, principal: Principal, place: Place) -> Authority:
    """What a principal holds in a place. A person's roles are read anew; a device's or key's are as the gateway said."""
    user_id = principal.user_id
    if user_id is not None:
        return await authority_of_user(tx, user_id, place)
    role = principal.organization_roles.get(place.organization_id, "")
    return Authority(ORGANIZATION_ROLES.get(role, _NONE), is_owner=False)


async def authority_of_user(tx: Transaction, user_id: UserId, place: Place) -> Authority:
    """What a person holds in a place; nothing when suspended."""
    found = await grants.find_user_with_grants(tx, user_id)
    if found is None or found[0].suspended_at is not None:
        return Authority(_NONE, is_owner=False)
    roles = found[1]
    team_role = roles.organizations.get(place.organization_id, "")
    room_role = roles.workspaces.get(place.workspace_id, "") if place.workspace_id else ""
    held = ORGANIZATION_ROLES.get(team_role, _NONE) | WORKSPACE_ROLES.get(room_role, _NONE)
    for role in roles.platform:
        held |= PLATFORM_ROLES.get(role, _NONE)
    return Authority(held, is_owner=team_role == OWNER or ADMIN in roles.platform)


def roles_of(place: Place) -> Grants:
    """The roles there are in a place, with what each holds."""
    return ORGANIZATION_ROLES if place.workspace_id is None else WORKSPACE_ROLES
