"""Makes the wallet pass of a pass, or makes it follow what became of the pass."""

from common.db import Transaction
from common.messages import WalletPassCreated, WalletPassUpdated
from wallet.actions.announce import announce
from wallet.domain.pass_copy import PassCopy, wallet_status
from wallet.domain.wallet_pass import draw_secrets
from wallet.store import wallet_passes


async def keep_wallet_pass(transaction: Transaction, copy: PassCopy, event_status: str) -> None:
    """Bring the wallet passes of `copy`, the newest we know of its pass, in line with it.

    Former generations are voided. The present one is made where there is none, also for a pass that is void by now:
    its holder then sees why, and any order of messages ends in the same rows.
    """
    if copy.generation > 1:
        former = await wallet_passes.void_generations_before(transaction, copy.id, copy.generation)
        announce(transaction, former, WalletPassUpdated)
    status = wallet_status(copy, event_status)
    made = await wallet_passes.add(transaction, copy, status, draw_secrets(transaction.entropy))
    if made is not None:
        announce(transaction, [made], WalletPassCreated)
        return
    announce(transaction, await wallet_passes.follow_pass(transaction, copy, status), WalletPassUpdated)
