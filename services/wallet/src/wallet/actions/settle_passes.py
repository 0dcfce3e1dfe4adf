"""Works off in portions what a message about an event left: waiting passes, and passes of a cancelled event."""

from common.db import Database
from common.messages import WalletPassUpdated
from wallet.actions.announce import announce
from wallet.actions.keep_wallet_pass import keep_wallet_pass
from wallet.store import copies, wallet_passes

PORTION = 200


async def settle_passes(database: Database) -> dict[str, int] | None:
    """Make and void wallet passes until none is left to do, a portion a transaction; None when there was nothing."""
    done = {"made": 0, "voided": 0}
    while True:
        async with database.transaction() as transaction:
            waiting = await copies.take_waiting_passes(transaction, PORTION)
            for copy, status in waiting:
                await keep_wallet_pass(transaction, copy, status)
            voided = await wallet_passes.void_some_of_cancelled_events(transaction, PORTION)
            announce(transaction, voided, WalletPassUpdated)
        done["made"] += len(waiting)
        done["voided"] += len(voided)
        if len(waiting) < PORTION and len(voided) < PORTION:
            return done if any(done.values()) else None
