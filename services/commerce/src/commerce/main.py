"""The composition root: settings → routes, consumers, jobs. Nothing else chooses real things."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from commerce import pages
from commerce.actions.republish import republish
from commerce.actions.work_off_webhooks import work_off_webhooks
from commerce.adapters.payments import Payments
from commerce.adapters.providers import PaymentProvider, Providers
from commerce.adapters.sandbox.delivery import Delivery
from commerce.adapters.sandbox.provider import Sandbox
from commerce.api import ROUTERS
from commerce.commands import commands
from commerce.consumers import HANDLERS
from commerce.jobs import Worker, jobs, working
from commerce.settings import Settings
from commerce.tables import metadata
from common.outgoing import Outgoing
from common.service import Parts, Runtime, Service


def build(runtime: Runtime[Settings]) -> Parts:
    """Put the service together."""
    database, settings = runtime.database, runtime.settings
    workers: list[Worker] = []
    outgoing: list[Outgoing] = []
    sandbox = None
    if settings.sandbox_payments == "on":
        secrets = settings.sandbox_secrets()
        sandbox = Sandbox(database, secrets=secrets, public_url=settings.public_url)
        # Our own public address is loopback in the devstack, which the guard for addresses people typed would refuse.
        gateway_url = settings.sandbox_webhook_url or settings.public_url
        outgoing.append(Outgoing(allowed_origins=[gateway_url]))
        delivery = Delivery(database, outgoing[0], secret=secrets[0], gateway_url=gateway_url)
        workers.append(Worker("sandbox", delivery.deliver))
        sandbox.when_told = workers[0].wake
    configured: list[PaymentProvider] = [] if sandbox is None else [sandbox]
    providers = Providers(*configured)
    webhooks = Worker("webhooks", lambda: work_off_webhooks(database, providers))
    workers.append(webhooks)
    return Parts(
        routers=[*ROUTERS, pages.router],
        handlers=HANDLERS,
        jobs=jobs(database, providers),
        commands=commands(database),
        republish=republish,
        state={"payments": Payments(providers, sandbox, webhooks.wake)},
        lifespan=_alive(outgoing, workers),
    )


def _alive(outgoing: list[Outgoing], workers: list[Worker]) -> Callable[[], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for client in outgoing:
                await stack.enter_async_context(client)
            await stack.enter_async_context(working(*workers))
            yield

    return lifespan


service = Service("commerce", Settings, metadata, build)
