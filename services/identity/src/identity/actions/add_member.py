"""Adds someone to an organisation or one of its workspaces: at once when the address is proved, else by invitation."""

from dataclasses import dataclass
from typing import Literal

from common.capabilities import Capability
from common.db import Transaction
from common.ids import InvitationId, MemberId, UserId
from common.principal import Principal
from identity.actions.authority import ADMIN, enter
from identity.actions.count_owners import count_owners
from identity.actions.desk import After
from identity.actions.means import Means
from identity.actions.notify import notify
from identity.actions.queue_mail import queue_mail
from identity.actions.saying import member_changed
from identity.domain.address import Address
from identity.domain.granting import OWNER
from identity.domain.organization import Invitation, Member, Organization, Place
from identity.domain.policy import INVITATION_LIFETIME
from identity.formats.mails import invitation as invitation_mail
from identity.formats.vault import TOKEN_BYTES, token_digest, url_text
from identity.store import audit, invitations, members, users
from identity.store.notifications import Notice


@dataclass(frozen=True, slots=True)
class Added:
    """A membership, or the invitation to one."""

    id: MemberId | InvitationId
    status: Literal["active", "invited"]
    email: str
    role: str


async def add_member(
    tx: Transaction, after: After, means: Means, principal: Principal, place: Place, address: Address, role: str
) -> Added:
    """Add the owner of an address with a role.

    Raises:
        NotFound, MissingCapability: see `authority.enter`.
        MayNotGrant: the role holds more than the principal does.
        AlreadyMember, TooManyMemberships.
    """
    organization, authority = await enter(tx, principal, place, Capability.IDENTITY_MEMBER_WRITE)
    authority.require_may_grant(place, role)
    user = await users.find_user_by_address(tx, address)
    if user is None:
        return await _invite(tx, after, means, principal, organization, place, address, role)
    member = await join(tx, after, place, user.id, role)
    await audit.record(tx, principal.actor, "member.added", member.id, user=user.id, role=role)
    notice = Notice(
        key=f"member.added:{member.id}",
        kind="member.added",
        title=f"You now belong to {organization.name}",
        body=f"You were added as {role}.",
    )
    await notify(tx, [user.id], notice)
    return Added(member.id, "active", user.address.typed, role)


async def join(tx: Transaction, after: After, place: Place, user_id: UserId, role: str) -> Member:
    """Make someone a member. The organisation must be locked and the right to do so settled."""
    member = Member(tx.new_id(MemberId), place, user_id, role, 1)
    await members.insert_member(tx, member)
    await count_owners(tx, place.organization_id, int(role == OWNER))
    await users.change_rights(tx, [user_id], memberships=1)
    after.forget(user_id)
    tx.publish(member_changed(member))
    return member


async def _invite(
    tx: Transaction,
    after: After,
    means: Means,
    principal: Principal,
    organization: Organization,
    place: Place,
    address: Address,
    role: str,
) -> Added:
    token = url_text(tx.entropy.bytes(TOKEN_BYTES))
    invitation = Invitation(
        id=tx.new_id(InvitationId),
        place=place,
        role=role,
        invited_by=principal.actor,
        expires_at=tx.now + INVITATION_LIFETIME,
        ended=False,
    )
    by_platform = ADMIN in principal.platform_roles
    await invitations.insert_invitation(tx, invitation, address, token_digest(token), opens_gate=by_platform)
    mail = invitation_mail(organization.name, role, f"{means.public_url}/invitations/{token}")
    queue_mail(tx, means, invitation.id, address.typed, mail)
    await audit.record(tx, principal.actor, "member.invited", invitation.id, role=role)
    after.send_mail()
    return Added(invitation.id, "invited", address.typed, role)
