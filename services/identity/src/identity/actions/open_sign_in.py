"""Signs a person in who has just proved an address, and makes the account when it is the first time.

Every way in ends here, so the crowdfunding gate, suspension and the policy of one sign-in per person hold for all.
"""

from dataclasses import dataclass

from common.db import Transaction
from common.ids import BackerId, SignInId, UserId
from common.messages import SignInEnded
from identity.actions.desk import After
from identity.actions.means import Means
from identity.actions.saying import backer_claimed, user_created
from identity.domain.address import Address
from identity.domain.client import Client
from identity.domain.policy import ABSOLUTE_LIFETIME
from identity.domain.sign_in import EndReason, Method, SignIn
from identity.domain.user import User, require_may_sign_in, require_may_sign_up
from identity.errors import BackerRefused
from identity.formats.vault import TOKEN_BYTES, refresh_token_of, token_digest
from identity.store import audit, backers, invitations, platform, sign_ins, users


@dataclass(frozen=True, slots=True)
class Proof:
    """Someone has shown that an address is theirs."""

    address: Address
    method: Method
    backer_id: BackerId | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in with the one refresh token that goes on from here."""

    user: User
    sign_in: SignIn
    refresh_token: str
    is_new_user: bool


async def open_sign_in(tx: Transaction, after: After, means: Means, proof: Proof, client: Client) -> SignedIn:
    """Sign the owner of an address in.

    Raises:
        BackersOnly, BackerRefused: a new person, and the gate is on, or the backer's place is taken.
        Suspended: a person who may not.
    """
    user = await users.lock_user_by_address(tx, proof.address)
    is_new = user is None
    if user is None:
        user = await _sign_up(tx, proof)
    require_may_sign_in(user)
    if means.policy.single:
        await end_all(tx, after, user.id, "session_replaced")
    sign_in = SignIn(
        id=tx.new_id(SignInId),
        user_id=user.id,
        method=proof.method,
        device=client.device,
        address=client.address,
        created_at=tx.now,
        last_used_at=tx.now,
        expires_at=tx.now + ABSOLUTE_LIFETIME,
        ended_at=None,
        end_reason=None,
        version=1,
    )
    refresh_token = refresh_token_of(tx.entropy.bytes(TOKEN_BYTES))
    await sign_ins.insert_sign_in(tx, sign_in, token_digest(refresh_token))
    await audit.record(tx, user.id, "sign_in.made", sign_in.id, address=client.address, method=proof.method)
    return SignedIn(user, sign_in, refresh_token, is_new)


async def end_all(tx: Transaction, after: After, user_id: UserId, reason: EndReason) -> None:
    """End every live sign-in of a person."""
    for sign_in in await sign_ins.lock_live_sign_ins(tx, user_id):
        await end_one(tx, after, sign_in, reason)


async def end_one(tx: Transaction, after: After, sign_in: SignIn, reason: EndReason) -> None:
    """End a locked, live sign-in: its tokens die with it, the gateways forget it, and others hear of it."""
    ended = await sign_ins.end_sign_in(tx, sign_in, reason)
    after.forget(ended.id)
    tx.publish(
        SignInEnded(sequence=ended.version, sign_in_id=ended.id, user_id=ended.user_id, reason=reason, ended_at=tx.now)
    )


async def _sign_up(tx: Transaction, proof: Proof) -> User:
    require_may_sign_up(
        gate_on=await platform.crowdfunding_active(tx),
        is_backer=proof.backer_id is not None,
        invited_by_platform=await invitations.invited_by_platform(tx, proof.address),
    )
    user = await users.insert_user(tx, tx.new_id(UserId), proof.address)
    if user is None:
        known = await users.lock_user_by_address(tx, proof.address)
        assert known is not None, "the address is taken, so its owner is there: accounts are never deleted"
        return known
    if proof.backer_id is not None:
        backer = await backers.claim_backer(tx, proof.backer_id, user.id)
        if backer is None:
            raise BackerRefused()
        await users.link_backer(tx, user.id, proof.backer_id)
        await audit.record(tx, user.id, "backer.claimed", proof.backer_id)
        tx.publish(backer_claimed(backer, user.id, tx.now))
    await audit.record(tx, user.id, "user.created", user.id)
    tx.publish(user_created(user))
    return user
