"""Hears that a pass can be put on a phone, or no longer: the order's page shows it."""

from commerce.domain.order_pass import OrderPass
from commerce.store import passes
from common.db import Transaction
from common.messages import WalletPassCreated, WalletPassUpdated, WalletPassVoided


async def record_wallet_pass(
    tx: Transaction, message: WalletPassCreated | WalletPassUpdated | WalletPassVoided
) -> None:
    """Keep our copy. A message from before wallet named the order has nothing to be shown under."""
    if message.order_id is None or message.ticket_tier_name is None:
        return
    order_pass = OrderPass(
        id=message.wallet_pass_id,
        order_id=message.order_id,
        pass_id=message.pass_id,
        generation=message.generation,
        status=message.apple,
        ticket_tier_name=message.ticket_tier_name,
        attendee_name=message.attendee_name,
        link_key=message.link_key,
    )
    passes.save_pass(tx, order_pass, message.sequence)
