"""Tells the gateway what every platform's apps are asked for."""

from common.db import Transaction
from common.messages import ClientPolicyChanged
from common.principal import Principal
from releases.actions.announce import policy_message
from releases.errors import SystemOnly
from releases.store import client_policies


async def list_client_policies(tx: Transaction, principal: Principal) -> list[ClientPolicyChanged]:
    """Every policy that was ever set, in the words its changes are announced in. For the gateway itself alone."""
    if principal.kind != "system":
        raise SystemOnly()
    return [policy_message(policy) for policy in await client_policies.every_policy(tx)]
