"""What the platform's administrators and its operators do: the gate, backers, administrators, other roles, suspension."""

import asyncio

from common.capabilities import PLATFORM, Capability, require_capability
from common.db import Database, Transaction
from common.ids import AdminId, UserId
from common.principal import Principal
from common.refusals import NotFound
from identity.actions.desk import After
from identity.actions.means import Means
from identity.actions.open_sign_in import end_all
from identity.domain.address import Address
from identity.domain.backer import Backer
from identity.domain.user import User
from identity.errors import AddressNotPlain, NoSuchUser, NotSuspendable
from identity.store import audit, backers, platform, users
from identity.store.platform import Admin


def allow(principal: Principal, capability: Capability) -> str:
    """Let a principal do something to the platform itself, or refuse; how the audit names them."""
    require_capability(principal, capability, PLATFORM)
    return principal.actor


async def set_app_state(tx: Transaction, actor: str, *, crowdfunding_active: bool) -> None:
    """Turn the crowdfunding gate on or off. Nobody who has an account is shut out by it."""
    before = await platform.crowdfunding_active(tx)
    await platform.set_crowdfunding_active(tx, actor, active=crowdfunding_active)
    await audit.record(tx, actor, "app_state.changed", "config", before=before, after=crowdfunding_active)


async def add_backer(
    database: Database, means: Means, actor: str, username: str, access_code: str, tier: str
) -> Backer:
    """Put a backer on the list. The access code is kept as a slow hash alone."""
    digest = await asyncio.to_thread(means.vault.access_code_digest, username, access_code)
    async with database.transaction() as tx:
        backer = await backers.insert_backer(tx, username, digest, tier)
        await audit.record(tx, actor, "backer.added", backer.id, tier=tier)
    return backer


async def add_admin(tx: Transaction, after: After, actor: str, address: Address, note: str | None) -> Admin:
    """Let whoever proves an address administer the platform."""
    if not address.is_plain:
        raise AddressNotPlain(pointer="/email")
    admin, is_new = await platform.insert_admin(tx, address, note, actor)
    if is_new:
        await audit.record(tx, actor, "admin.added", admin.id)
        await _rights_changed(tx, after, address.key)
    return admin


async def remove_admin(tx: Transaction, after: After, actor: str, address_key: str) -> Admin:
    """Take an address off the list; the next request of its owner is no administrator's any more."""
    admin = await platform.delete_admin(tx, address_key)
    if admin is None:
        raise NotFound()
    await audit.record(tx, actor, "admin.removed", admin.id)
    await _rights_changed(tx, after, address_key)
    return admin


async def address_key_of_admin(tx: Transaction, admin_id: AdminId) -> str:
    """The address of an entry."""
    key = await platform.admin_key(tx, admin_id)
    if key is None:
        raise NotFound()
    return key


async def set_platform_role(
    tx: Transaction, after: After, actor: str, address: Address, role: str, *, granted: bool
) -> User:
    """Give a person a role on the platform other than admin, or take it away."""
    user = await users.lock_user_by_address(tx, address)
    if user is None:
        raise NoSuchUser()
    change = (
        await platform.grant_platform_role(tx, user.id, role, actor)
        if granted
        else await platform.revoke_platform_role(tx, user.id, role)
    )
    if change:
        await audit.record(
            tx, actor, "platform_role.granted" if granted else "platform_role.revoked", user.id, role=role
        )
        await users.change_rights(tx, [user.id])
        after.forget(user.id)
    return user


async def suspend_user(tx: Transaction, after: After, actor: str, user_id: UserId, *, suspended: bool) -> User:
    """Take a person's access away and end every sign-in of theirs, or let them sign in again."""
    user = await users.lock_user(tx, user_id)
    if user is None:
        raise NotFound()
    if (user.suspended_at is not None) == suspended:
        return user
    if suspended and await platform.is_admin(tx, user.address):
        raise NotSuspendable()
    changed = await users.suspend(tx, user_id, suspended=suspended)
    await audit.record(tx, actor, "user.suspended" if suspended else "user.restored", user_id)
    if suspended:
        await end_all(tx, after, user_id, "revoked")
    after.forget(user_id)
    return changed


async def _rights_changed(tx: Transaction, after: After, address_key: str) -> None:
    user = await users.lock_user_by_address(tx, Address(address_key, address_key))
    if user is not None:
        await users.change_rights(tx, [user.id])
        after.forget(user.id)
