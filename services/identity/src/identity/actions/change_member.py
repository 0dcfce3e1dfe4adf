"""Gives a member another role, or ends a membership."""

from common.capabilities import Capability, Scope, require_capability
from common.db import Transaction
from common.ids import MemberId
from common.principal import Principal
from common.refusals import NotFound
from identity.actions.authority import enter
from identity.actions.count_owners import count_owners
from identity.actions.desk import After
from identity.actions.saying import member_changed, member_left
from identity.domain.granting import OWNER
from identity.domain.organization import Member, Place
from identity.store import audit, members, organizations, users


async def change_role(
    tx: Transaction, after: After, principal: Principal, place: Place, member_id: MemberId, role: str
) -> Member:
    """Give a member another role.

    Raises:
        NotFound, MissingCapability: see `authority.enter`.
        MayNotGrant: the old or the new role holds more than the principal does.
        LastOwner: the organisation would have none.
    """
    _, authority = await enter(tx, principal, place, Capability.IDENTITY_MEMBER_WRITE)
    member = await _member(tx, place, member_id)
    authority.require_may_grant(place, member.role, role)
    if member.role == role:
        return member
    changed = await members.change_role(tx, member, role)
    await count_owners(tx, place.organization_id, (role == OWNER) - (member.role == OWNER))
    await users.change_rights(tx, [member.user_id])
    await audit.record(tx, principal.actor, "member.role_changed", member_id, before=member.role, after=role)
    after.forget(member.user_id)
    tx.publish(member_changed(changed))
    return changed


async def remove_member(tx: Transaction, after: After, principal: Principal, place: Place, member_id: MemberId) -> None:
    """End a membership: someone else's with the capability for it, one's own always, unless it is the last owner's."""
    await organizations.lock_organization(tx, place.organization_id)
    member = await members.find_member(tx, place, member_id)
    if member is None or member.user_id != principal.user_id:
        _, authority = await enter(tx, principal, place, Capability.IDENTITY_MEMBER_WRITE)
        member = await _member(tx, place, member_id)
        authority.require_may_grant(place, member.role)
    await members.delete_member(tx, member)
    await count_owners(tx, place.organization_id, -(member.role == OWNER))
    await users.change_rights(tx, [member.user_id], memberships=-1)
    await audit.record(tx, principal.actor, "member.removed", member_id, user=member.user_id, role=member.role)
    after.forget(member.user_id)
    tx.publish(member_left(member))


def require_may_see_members(principal: Principal, place: Place) -> None:
    """Let those see a team who may read it; others learn nothing of it."""
    scope = Scope(place.organization_id, place.workspace_id)
    reading = Capability.IDENTITY_ORGANIZATION_READ
    require_capability(principal, Capability.IDENTITY_MEMBER_READ, scope, reading=reading)


async def _member(tx: Transaction, place: Place, member_id: MemberId) -> Member:
    member = await members.find_member(tx, place, member_id)
    if member is None:
        raise NotFound()
    return member
