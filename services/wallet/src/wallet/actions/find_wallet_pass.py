"""Finds the wallet pass somebody asks for, if they may have it."""

from common.capabilities import Capability, Scope, holds
from common.db import Transaction
from common.ids import PassId
from common.principal import Principal
from wallet.domain.wallet_pass import WalletPass, belongs_to
from wallet.errors import NoSuchPass
from wallet.store import wallet_passes


async def find_wallet_pass(
    transaction: Transaction, pass_id: PassId, principal: Principal, link_key: str | None = None
) -> WalletPass:
    """The wallet pass of the present generation for its owner or the organisation's staff; with the key of a secret
    link, the one that link was made for. Raises NoSuchPass, also where there is one that is none of their business.
    """
    if link_key is not None:
        linked = await wallet_passes.find_by_link(transaction, pass_id, link_key)
        if linked is not None:
            return linked
    found = await wallet_passes.find_current(transaction, pass_id)
    if found is None:
        raise NoSuchPass
    staff = holds(principal, Capability.EVENTS_PASS_READ, Scope(found.organization_id))
    if not staff and not belongs_to(found, principal.user_id):
        raise NoSuchPass
    return found
