"""Changes what apps of a platform are told about updating."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from common.capabilities import PLATFORM, Capability, require_capability
from common.db import Transaction
from common.principal import Principal
from releases.actions.announce import policy_message
from releases.domain.client_policy import ClientPolicy, Platform, as_changed, require_fresh_sign_in
from releases.store import client_policies


async def change_client_policy(
    tx: Transaction, principal: Principal, platform: Platform, changes: Mapping[str, Any]
) -> ClientPolicy:
    """The policy with `changes` (fields of ClientPolicy), unless it would leave people nothing to update to."""
    require_capability(principal, Capability.RELEASES_CLIENT_POLICY_WRITE, PLATFORM)
    require_fresh_sign_in(principal.authenticated_at, tx.now)
    before = await client_policies.lock(tx, platform)
    changed = replace(before, **changes)
    if changed == before:
        return before
    after = as_changed(changed, tx.now)
    await client_policies.save(tx, before, after, principal.actor)
    tx.publish(policy_message(after))
    return after
