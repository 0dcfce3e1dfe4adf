"""Tells the gateway who a sign-in, a device or an API key is and what it may do. Both halves are in `common.session_feed`."""

from collections.abc import Mapping
from datetime import timedelta

from common.db import Database, Transaction
from common.ids import ApiKeyId, DeviceId, MalformedId, SignInId
from common.session_feed import LEASE, LeaseAnswer, LookupAnswer
from identity.formats.vault import token_digest
from identity.store import grants, machines, session_feed

UNKNOWN = LookupAnswer(active=False, reason="unknown")
_KINDS: Mapping[str, type[SignInId] | type[DeviceId] | type[ApiKeyId]] = {
    "sid": SignInId,
    "dev": DeviceId,
    "key": ApiKeyId,
}


async def look_up(tx: Transaction, name: str) -> LookupAnswer:
    """Who it is, if it is alive; else why not: `signed_out`, `session_replaced`, `expired`, `suspended`, `unknown` and so on.

    Args:
        name: the id of a sign-in, or the whole token of a device or an API key: its id, a full stop, its secret.
    """
    identity, _, secret = name.partition(".")
    try:
        kind = _KINDS[identity.partition("_")[0]]
        named = kind(identity)
    except (KeyError, MalformedId):
        return UNKNOWN
    if isinstance(named, SignInId):
        return await _sign_in(tx, named)
    return await _machine(tx, named, token_digest(secret))


async def _sign_in(tx: Transaction, sign_in_id: SignInId) -> LookupAnswer:
    found = await grants.find_sign_in_with_grants(tx, sign_in_id)
    if found is None:
        return UNKNOWN
    sign_in, user, roles = found
    if not sign_in.lives(tx.now):
        return LookupAnswer(active=False, reason=sign_in.end_reason or "expired")
    if user.suspended_at is not None:
        return LookupAnswer(active=False, reason="suspended")
    return LookupAnswer(
        active=True,
        kind="user",
        subject=user.id,
        sign_in_id=sign_in.id,
        authenticated_at=sign_in.created_at,
        email=user.address.typed,
        name=user.name,
        authorization_version=user.authorization_version,
        platform_roles=sorted(roles.platform),
        organization_roles=dict(roles.organizations),
        workspace_roles=dict(roles.workspaces),
    )


async def _machine(tx: Transaction, machine_id: DeviceId | ApiKeyId, digest: bytes) -> LookupAnswer:
    found = await machines.find_machine(tx, machine_id)
    if found is None or not found[0].owns(digest):
        return UNKNOWN
    machine, suspended = found
    if not machine.lives(tx.now):
        return LookupAnswer(active=False, reason="revoked" if machine.revoked_at else "expired")
    return LookupAnswer(
        active=True,
        kind="device" if isinstance(machine_id, DeviceId) else "key",
        subject=machine.id,
        name=machine.name,
        authorization_version=machine.version,
        organization_roles={machine.organization_id: "suspended" if suspended else machine.role},
    )


async def renew_lease(database: Database, replica: str, position: int) -> LeaseAnswer:
    """Let a replica answer from its cache for another second, and name what it must forget first.

    Two transactions, in this order: a revocation that commits before the lease is seen in the drops, and one that
    commits after it sees the lease and waits for the replica.
    """
    async with database.transaction() as tx:
        await session_feed.renew_lease(tx, replica, LEASE)
    async with database.transaction() as tx:
        drops = await session_feed.drops_since(tx, position)
    newest = drops[-1].position if drops else position
    return LeaseAnswer(lease_ms=LEASE // timedelta(milliseconds=1), position=newest, drops=drops)
