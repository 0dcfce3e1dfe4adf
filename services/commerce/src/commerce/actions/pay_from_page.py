"""Begins a payment from the order's secret page: whoever has the link may pay, for paying takes nothing from anybody else."""

from commerce.actions.start_payment import ask_provider, record_intent
from commerce.adapters.providers import Providers
from commerce.domain.payment import Payment
from commerce.errors import UnknownPage
from commerce.store import orders
from common.db import Database


async def pay_from_page(database: Database, providers: Providers, token: str, provider_name: str) -> Payment:
    """The payment with where it is made; one under way at that provider is handed out again, so no key is needed.

    Raises UnknownPage and what `start_payment` raises.
    """
    provider = providers.require(provider_name)
    async with database.transaction() as tx:
        found = await orders.find_order_by_page_token(tx, token)
        order = None if found is None else await orders.lock_order(tx, found.id)
        if order is None:
            raise UnknownPage()
        order, payment, _ = await record_intent(tx, order, provider)
    return await ask_provider(database, provider, payment, order)
