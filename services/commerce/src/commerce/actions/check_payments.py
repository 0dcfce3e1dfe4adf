"""Takes up payments nothing was heard of: intents whose provider never answered, what is wanted of a provider and was
not done, and webhooks that never came."""

from commerce.actions.carry_out_wanted import carry_out_wanted
from commerce.actions.settle_payment import settle_payment
from commerce.actions.start_payment import open_at_provider
from commerce.adapters.providers import Providers, reason_of
from commerce.domain.payment import Payment
from commerce.store import orders, payments
from common.db import Database
from common.telemetry import logger

log = logger("payments")

AT_ONCE = 20


async def check_payments(database: Database, providers: Providers) -> int:
    """Ask the providers about every payment that is due for it; how many were asked about."""
    count = 0
    while True:
        async with database.transaction() as tx:
            due = await payments.take_some_due_for_a_check(tx, AT_ONCE)
        for payment in due:
            try:
                await _check(database, providers, payment)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are still due
                log.warning("a payment could not be checked", payment=payment.id, reason=reason_of(error))
        count += len(due)
        if len(due) < AT_ONCE:
            return count


async def _check(database: Database, providers: Providers, payment: Payment) -> None:
    if payment.wanted is not None:
        await carry_out_wanted(database, providers, payment)
        return
    provider = providers.find(payment.provider)
    if payment.reference is None:
        async with database.transaction() as tx:
            order = await orders.find_order(tx, payment.order_id)
        assert order is not None, "a payment belongs to an order"
        await open_at_provider(database, provider, payment, order)
        return
    told = await provider.fetch(payment.reference)
    async with database.transaction() as tx:
        await settle_payment(tx, payment.provider, told)
