"""Every capability of the house, every role, and which role holds which capability.

Grammar: `<context>:<thing>:<verb>`. The gateway asks "does any grant of this principal hold it?"; the service asks
`require_capability` for the row at hand. Both read this one file. Nothing is allowed that is not written here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from common.ids import OrganizationId, WorkspaceId
from common.refusals import MissingCapability, NotFound

if TYPE_CHECKING:
    from common.principal import Principal


class Capability(StrEnum):
    """One thing that someone may be allowed to do."""

    COMMERCE_ORDER_READ = "commerce:order:read"
    COMMERCE_ORDER_REFUND = "commerce:order:refund"
    COMMERCE_ORDER_RESEND = "commerce:order:resend"
    COMMERCE_ORDER_WRITE = "commerce:order:write"
    COMMERCE_PAYOUT_READ = "commerce:payout:read"
    COMMERCE_PAYOUT_WRITE = "commerce:payout:write"
    COMMERCE_SALE_WRITE = "commerce:sale:write"
    COMMERCE_WEBHOOK_WRITE = "commerce:webhook:write"

    DP_CAMPAIGN_WRITE = "dp:campaign:write"
    DP_IMAGE_MODERATE = "dp:image:moderate"
    DP_TEMPLATE_READ = "dp:template:read"
    DP_TEMPLATE_WRITE = "dp:template:write"

    EVENTS_CHECK_IN_READ = "events:check-in:read"
    EVENTS_EVENT_MODERATE = "events:event:moderate"
    EVENTS_EVENT_READ = "events:event:read"
    EVENTS_EVENT_WRITE = "events:event:write"
    EVENTS_PASS_CHECK_IN = "events:pass:check-in"
    EVENTS_PASS_READ = "events:pass:read"

    IDENTITY_ADMIN_WRITE = "identity:admin:write"
    IDENTITY_APP_STATE_WRITE = "identity:app-state:write"
    IDENTITY_BACKER_WRITE = "identity:backer:write"
    IDENTITY_DEVICE_WRITE = "identity:device:write"
    IDENTITY_MEMBER_READ = "identity:member:read"
    IDENTITY_MEMBER_WRITE = "identity:member:write"
    IDENTITY_ORGANIZATION_READ = "identity:organization:read"
    IDENTITY_ORGANIZATION_WRITE = "identity:organization:write"
    IDENTITY_USER_READ = "identity:user:read"
    IDENTITY_USER_SUSPEND = "identity:user:suspend"
    IDENTITY_WORKSPACE_WRITE = "identity:workspace:write"

    RELEASES_CLIENT_POLICY_WRITE = "releases:client-policy:write"
    RELEASES_DEPLOYMENT_READ = "releases:deployment:read"
    RELEASES_RELEASE_PUBLISH = "releases:release:publish"
    RELEASES_RELEASE_WRITE = "releases:release:write"

    WALLET_CREDENTIAL_WRITE = "wallet:credential:write"


_C = Capability
Grants = Mapping[str, frozenset[Capability]]

_READ = frozenset(
    {
        _C.DP_TEMPLATE_READ,
        _C.EVENTS_CHECK_IN_READ,
        _C.EVENTS_EVENT_READ,
        _C.EVENTS_PASS_READ,
        _C.IDENTITY_MEMBER_READ,
        _C.IDENTITY_ORGANIZATION_READ,
    }
)
_FINANCE = _READ | {
    _C.COMMERCE_ORDER_READ,
    _C.COMMERCE_ORDER_REFUND,
    _C.COMMERCE_ORDER_RESEND,
    _C.COMMERCE_PAYOUT_READ,
}
_MANAGER = _READ | {
    _C.COMMERCE_ORDER_READ,
    _C.COMMERCE_ORDER_RESEND,
    _C.COMMERCE_ORDER_WRITE,
    _C.COMMERCE_SALE_WRITE,
    _C.DP_CAMPAIGN_WRITE,
    _C.DP_IMAGE_MODERATE,
    _C.DP_TEMPLATE_WRITE,
    _C.EVENTS_EVENT_WRITE,
    _C.EVENTS_PASS_CHECK_IN,
}
_ADMIN = (
    _MANAGER
    | _FINANCE
    | {
        _C.COMMERCE_WEBHOOK_WRITE,
        _C.IDENTITY_DEVICE_WRITE,
        _C.IDENTITY_MEMBER_WRITE,
        _C.IDENTITY_ORGANIZATION_WRITE,
        _C.IDENTITY_WORKSPACE_WRITE,
        _C.WALLET_CREDENTIAL_WRITE,
    }
)

ORGANIZATION_ROLES: Grants = {
    "owner": _ADMIN,
    "admin": _ADMIN,
    "manager": _MANAGER,
    "finance": _FINANCE,
    "scanner": frozenset({_C.EVENTS_EVENT_READ, _C.EVENTS_PASS_CHECK_IN, _C.EVENTS_CHECK_IN_READ}),
    "viewer": _READ,
    "suspended": _READ | {_C.COMMERCE_ORDER_READ},
}
"""Roles of an organisation's team. `suspended` is what every role of a suspended organisation becomes: read and export."""

WORKSPACE_ROLES: Grants = {
    "manager": frozenset(
        {
            _C.DP_CAMPAIGN_WRITE,
            _C.DP_TEMPLATE_READ,
            _C.DP_TEMPLATE_WRITE,
            _C.EVENTS_CHECK_IN_READ,
            _C.EVENTS_EVENT_READ,
            _C.EVENTS_EVENT_WRITE,
            _C.EVENTS_PASS_CHECK_IN,
            _C.EVENTS_PASS_READ,
        }
    ),
    "editor": frozenset({_C.DP_TEMPLATE_READ, _C.DP_TEMPLATE_WRITE, _C.EVENTS_EVENT_READ, _C.EVENTS_EVENT_WRITE}),
    "viewer": frozenset({_C.DP_TEMPLATE_READ, _C.EVENTS_EVENT_READ}),
}

PLATFORM_ROLES: Grants = {
    "admin": frozenset(Capability),
    "moderator": frozenset({_C.DP_IMAGE_MODERATE, _C.DP_TEMPLATE_READ, _C.EVENTS_EVENT_MODERATE, _C.EVENTS_EVENT_READ}),
    "support": frozenset(
        {
            _C.COMMERCE_ORDER_READ,
            _C.COMMERCE_ORDER_RESEND,
            _C.EVENTS_EVENT_READ,
            _C.EVENTS_PASS_READ,
            _C.IDENTITY_USER_READ,
            _C.IDENTITY_MEMBER_READ,
        }
    ),
    "release_manager": frozenset(
        {
            _C.RELEASES_CLIENT_POLICY_WRITE,
            _C.RELEASES_DEPLOYMENT_READ,
            _C.RELEASES_RELEASE_PUBLISH,
            _C.RELEASES_RELEASE_WRITE,
        }
    ),
}
"""Roles of the platform's own people. They hold everywhere."""

_NONE: frozenset[Capability] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose row it is: an organisation's, perhaps within one of its workspaces, or (with neither) the platform's own."""

    organization_id: OrganizationId | None = None
    workspace_id: WorkspaceId | None = None


PLATFORM = Scope()


def holds(principal: "Principal", capability: Capability, scope: Scope) -> bool:
    """Whether the principal holds the capability for a row of that scope."""
    if any(capability in PLATFORM_ROLES.get(role, _NONE) for role in principal.platform_roles):
        return True
    if scope.organization_id is not None:
        role = principal.organization_roles.get(scope.organization_id, "")
        if capability in ORGANIZATION_ROLES.get(role, _NONE):
            return True
    if scope.workspace_id is not None:
        role = principal.workspace_roles.get(scope.workspace_id, "")
        return capability in WORKSPACE_ROLES.get(role, _NONE)
    return False


def holds_anywhere(principal: "Principal", capability: Capability) -> bool:
    """Whether any grant of the principal, wherever, holds the capability: the gateway's question."""
    return (
        any(capability in PLATFORM_ROLES.get(role, _NONE) for role in principal.platform_roles)
        or any(capability in ORGANIZATION_ROLES.get(role, _NONE) for role in principal.organization_roles.values())
        or any(capability in WORKSPACE_ROLES.get(role, _NONE) for role in principal.workspace_roles.values())
    )


def require_capability(
    principal: "Principal",
    capability: Capability,
    scope: Scope,
    *,
    reading: Capability | None = None,
    public: bool = False,
) -> None:
    """Let the principal pass, or refuse.

    Args:
        scope: whose row it is.
        reading: the capability that lets someone know of the row at all.
        public: everyone may know of the row (a published event).

    Raises:
        MissingCapability (403): the principal may read the row but not do this.
        NotFound (404): they may not even read it, so it is as if it were not there.
    """
    if holds(principal, capability, scope):
        return
    may_know = public or scope == PLATFORM or (reading is not None and holds(principal, reading, scope))
    if may_know:
        raise MissingCapability(capability=capability.value)
    raise NotFound()
