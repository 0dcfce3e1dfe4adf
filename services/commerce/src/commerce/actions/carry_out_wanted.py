"""Does at the provider what is wanted of a payment: take what the card is held for, or let go of it.

The intent is in the payment's row before this begins (`domain.payment.wanting`), and stays there until the provider says
how the payment ended; `check_payments` comes back to it until then.
"""

from commerce.actions.settle_payment import settle_payment
from commerce.actions.start_payment import open_at_provider
from commerce.adapters.providers import Providers
from commerce.domain.payment import Payment
from commerce.errors import ProviderRefused
from commerce.store import orders
from common.db import Database


async def carry_out_wanted(database: Database, providers: Providers, payment: Payment) -> str:
    """Carry it out and let what the provider says then take effect; in a word what that was. Raises its refusals."""
    provider = providers.find(payment.provider)
    if payment.reference is None:
        # Its answer was lost. Asked with the same key the provider answers the same, and then it can be let go of.
        async with database.transaction() as tx:
            order = await orders.find_order(tx, payment.order_id)
        assert order is not None, "a payment belongs to an order"
        try:
            payment = await open_at_provider(database, provider, payment, order)
        except ProviderRefused:
            return "never begun"
    told = await (provider.capture(payment) if payment.wanted == "capture" else provider.void(payment))
    async with database.transaction() as tx:
        return await settle_payment(tx, provider.name, told)
