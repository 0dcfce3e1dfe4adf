"""Hears of a pass: issued, given a holder, handed on, or voided."""

from common.db import Transaction
from common.messages import PassIssued, PassUpdated, PassVoided
from wallet.actions.keep_wallet_pass import keep_wallet_pass
from wallet.domain.pass_copy import PassCopy
from wallet.store import copies


async def record_pass(transaction: Transaction, message: PassIssued | PassUpdated | PassVoided) -> None:
    """Keep our copy of the pass and its wallet pass. A pass whose event is not known yet waits for `record_event`."""
    copy = PassCopy(
        id=message.pass_id,
        order_id=message.order_id,
        event_id=message.event_id,
        organization_id=message.organization_id,
        ticket_tier_id=message.ticket_tier_id,
        ticket_tier_name=message.ticket_tier_name,
        status=message.status,
        generation=message.generation,
        code=message.code,
        attendee_name=message.attendee_name,
        holder_user_id=message.holder_user_id,
        buyer_user_id=message.buyer_user_id,
        sequence=message.sequence,
    )
    copies.lock_event(transaction, copy.event_id, alone=False)
    asked = copies.ask_status_of_event(transaction, copy.event_id)
    if not await copies.save_pass(transaction, copy):
        return
    event_status = asked.answer()
    if event_status is None:
        copies.await_event(transaction, copy.id)
    else:
        await keep_wallet_pass(transaction, copy, event_status)
