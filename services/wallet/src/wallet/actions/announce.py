"""Says in the outbox what became of wallet passes."""

from collections.abc import Iterable

from common.db import Transaction
from common.messages import WalletPassCreated, WalletPassUpdated, WalletPassVoided
from wallet.domain.pass_copy import WalletPassState
from wallet.domain.wallet_pass import FIRST_GENERATION

Kind = type[WalletPassCreated] | type[WalletPassUpdated]


def announce(transaction: Transaction, states: Iterable[WalletPassState], kind: Kind) -> int:
    """Publish `kind` for each live state and `wallet_pass.voided` for each void one; how many."""
    count = 0
    for state in states:
        void = state.status == "voided"
        transaction.publish(
            (WalletPassVoided if void else kind)(
                wallet_pass_id=state.id,
                pass_id=state.pass_id,
                generation=state.generation,
                event_id=state.event_id,
                holder_user_id=state.holder_user_id,
                buyer_user_id=state.buyer_user_id,
                order_id=state.order_id,
                ticket_tier_name=state.ticket_tier_name,
                attendee_name=state.attendee_name,
                # Whoever it is handed on to gets a link of their own; the buyer's page is not to open theirs.
                link_key=state.link_key if state.generation == FIRST_GENERATION and not void else None,
                apple="voided" if void else "ready",
                google="voided" if void else "available",
                sequence=state.version,
            )
        )
        count += 1
    return count
