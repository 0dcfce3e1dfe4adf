"""Ends at the provider the payments of orders whose time ran out, before the places go back.

Whoever paid in the last second is found out here, while the places are still theirs. Where the provider cannot be
reached the order expires all the same: places are not kept from others by a provider that is away, and money that comes
later takes the way of late money.
"""

import asyncio

from commerce.actions.carry_out_wanted import carry_out_wanted
from commerce.adapters.providers import Providers, reason_of
from commerce.domain.payment import Payment
from commerce.store import payments
from common.db import Database
from common.telemetry import logger

log = logger("payments")

AT_ONCE = 20


async def release_payments(database: Database, providers: Providers) -> int:
    """End every open payment of an overdue order; how many. Stops where nothing gets through to the provider."""
    count = 0
    while True:
        async with database.transaction() as tx:
            due = await payments.take_some_to_release(tx, AT_ONCE)
        done = await asyncio.gather(*(_release(database, providers, payment) for payment in due))
        count += sum(done)
        if len(due) < AT_ONCE or not any(done):
            return count


async def _release(database: Database, providers: Providers, payment: Payment) -> bool:
    try:
        await carry_out_wanted(database, providers, payment)
    except Exception as error:  # noqa: BLE001 - the order expires without it, and the check comes back to it
        log.warning("a payment could not be ended in time", payment=payment.id, reason=reason_of(error))
        return False
    return True
