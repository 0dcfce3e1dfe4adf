"""Accepts an invitation. Its token went to one mailbox, and whoever has it may use it, once, with the account they like."""

from common.capabilities import Capability
from common.db import Transaction
from common.ids import MalformedId, UserId
from common.principal import Principal
from identity.actions.add_member import join
from identity.actions.authority import authority_of_user
from identity.actions.desk import After
from identity.domain.organization import Invitation, Member
from identity.errors import InvitationRefused, MayNotGrant
from identity.formats.vault import token_digest
from identity.store import audit, invitations, organizations


async def accept_invitation(tx: Transaction, after: After, principal: Principal, token: str) -> Member:
    """Become a member.

    Raises:
        InvitationRefused: unknown, used, replaced, too old, or whoever invited may no longer give that role.
        AlreadyMember, TooManyMemberships.
    """
    user_id = principal.require_user()
    digest = token_digest(token)
    known = await invitations.find_invitation(tx, digest)
    if known is None:
        raise InvitationRefused()
    await organizations.lock_organization(tx, known.place.organization_id)
    invitation = await invitations.lock_invitation(tx, digest)
    if invitation is None or not invitation.stands(tx.now):
        raise InvitationRefused()
    await _require_inviter_still_may(tx, invitation)
    await invitations.mark_accepted(tx, invitation.id)
    member = await join(tx, after, invitation.place, user_id, invitation.role)
    await audit.record(tx, principal.actor, "invitation.accepted", invitation.id, member=member.id)
    return member


async def _require_inviter_still_may(tx: Transaction, invitation: Invitation) -> None:
    try:
        inviter = UserId(invitation.invited_by)
    except MalformedId:
        return
    authority = await authority_of_user(tx, inviter, invitation.place)
    if Capability.IDENTITY_MEMBER_WRITE not in authority.held:
        raise InvitationRefused()
    try:
        authority.require_may_grant(invitation.place, invitation.role)
    except MayNotGrant:
        raise InvitationRefused() from None
