"""Sends recorded refunds to their providers. Nothing that stops this, and no answer that gets lost, sends one twice.

The provider is called with the refund's own key. From the second attempt on it is first asked whether it heard of that
key, because providers forget keys after a day but not refunds. One that is refused because somebody was faster at the
provider's own pages is done all the same: the provider's own list of the payment's refunds says so.
"""

import asyncio
from collections.abc import Sequence

from commerce.actions.settle_refund import settle_refund
from commerce.adapters.providers import Providers, reason_of
from commerce.domain.refund import ProviderRefund, Refund, done_by_hand
from commerce.store import orders, refunds
from commerce.store.refunds import Due
from common.db import Database
from common.telemetry import logger

log = logger("refunds")

AT_ONCE = 8
ALARM_AFTER = 12
"""Attempts, about an hour of them: the buyer waits for their money."""


async def send_refunds(database: Database, providers: Providers) -> int:
    """Send what is due, a few at a time; how many were tried."""
    async with database.transaction() as tx:
        waiting = await refunds.take_some_due(tx, AT_ONCE)
    await asyncio.gather(*(_send(database, providers, due) for due in waiting))
    return len(waiting)


async def _send(database: Database, providers: Providers, due: Due) -> None:
    try:
        told = await _ask(providers, due)
        made = await _made_at_provider(providers, due) if told.status == "failed" else ()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is this refund's failure; it is tried again
        await _put_off(database, due, reason_of(error))
        return
    if told.status == "pending":
        await _put_off(database, due, "the provider is still at it")
        return
    await _settle(database, due.refund, told, made)


async def _ask(providers: Providers, due: Due) -> ProviderRefund:
    provider = providers.find(due.payment.provider)
    known = None if due.attempts == 1 else await provider.find_refund(due.refund, due.payment)
    return await provider.refund(due.refund, due.payment) if known is None else known


async def _made_at_provider(providers: Providers, due: Due) -> Sequence[ProviderRefund]:
    assert due.payment.reference is not None, "what is refunded was paid"
    return (await providers.find(due.payment.provider).fetch(due.payment.reference)).refunds


async def _settle(database: Database, refund: Refund, told: ProviderRefund, made: Sequence[ProviderRefund]) -> None:
    async with database.transaction() as tx:
        order = await orders.lock_order(tx, refund.order_id)
        current = await refunds.find_refund(tx, refund.id)
        assert order is not None and current is not None, "neither is ever deleted"
        if current.tries != refund.tries:
            return
        ours = [] if current.payment_id is None else await refunds.refunds_of_payment(tx, current.payment_id)
        by_hand = done_by_hand(current, ours, made) if current.status == "pending" else None
        await settle_refund(tx, order, current, told if by_hand is None else by_hand)


async def _put_off(database: Database, due: Due, reason: str) -> None:
    async with database.transaction() as tx:
        await refunds.put_off(tx, due.refund.id, due.attempts)
    which = {"refund": due.refund.id, "attempts": due.attempts, "reason": reason}
    if due.attempts >= ALARM_AFTER:
        log.error("ALARM: a refund still has no outcome", **which)
    else:
        log.warning("a refund has no outcome yet; it is asked about again", **which)
