"""Says the present state of every wallet pass again, so that a listener can rebuild its copy."""

from common.db import Transaction
from common.ids import WalletPassId
from common.messages import WalletPassCreated
from wallet.actions.announce import announce
from wallet.store import wallet_passes

PAGE = 500


async def republish(transaction: Transaction) -> int:
    """Publish every wallet pass as it is now; how many."""
    count = 0
    after: WalletPassId | None = None
    while states := await wallet_passes.states_after(transaction, after, PAGE):
        count += announce(transaction, states, WalletPassCreated)
        after = states[-1].id
    return count
