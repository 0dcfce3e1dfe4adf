"""The composition root: settings → routes, consumers, jobs. Nothing else chooses real things."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from prometheus_client import Counter

from commerce import pages
from commerce.actions.deliver_webhooks import CALLS_AT_ONCE, DEADLINE, ENDPOINTS_AT_ONCE, WebhookDelivery
from commerce.actions.fan_out_webhooks import fan_out_webhooks
from commerce.actions.republish import republish
from commerce.actions.send_refunds import send_refunds
from commerce.actions.work_off_webhooks import work_off_webhooks
from commerce.adapters.outgoing_webhooks import OutgoingWebhooks
from commerce.adapters.payments import Payments
from commerce.adapters.paystack.client import PaystackClient
from commerce.adapters.paystack.provider import Paystack
from commerce.adapters.providers import PaymentProvider, Providers
from commerce.adapters.sandbox.delivery import Delivery
from commerce.adapters.sandbox.provider import Sandbox
from commerce.adapters.stripe.client import StripeClient
from commerce.adapters.stripe.provider import Stripe
from commerce.adapters.tax_authority import MOST_ANSWER, TaxAuthority
from commerce.api import ROUTERS
from commerce.commands import commands
from commerce.consumers import HANDLERS
from commerce.formats.webhook_secrets import WebhookSecrets
from commerce.jobs import Worker, jobs, working
from commerce.secret_links import SecretLinks
from commerce.settings import PAYSTACK_URL, STRIPE_URL, TAX_AUTHORITY_URL, Settings
from commerce.tables import metadata
from common.outgoing import Outgoing
from common.sealing import Sealing
from common.service import Parts, Runtime, Service

PROVIDER_ANSWER = 4_000_000
"""Bytes of an answer: a page of a hundred payments of a day is large."""


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
    configured += _real_providers(settings, outgoing)
    providers = Providers(*configured)
    webhooks = Worker("webhooks", lambda: work_off_webhooks(database, providers))
    workers += [webhooks, Worker("refunds", lambda: send_refunds(database, providers))]
    secrets_of_webhooks = WebhookSecrets(Sealing(settings.sealing_keys()))
    told, opened = _webhooks_out(runtime, secrets_of_webhooks, workers)
    return Parts(
        routers=[*ROUTERS, pages.router],
        handlers=HANDLERS,
        jobs=jobs(database, providers, settings.platform_fee()),
        commands=commands(database, secrets_of_webhooks),
        republish=republish,
        state={
            "platform_fee": settings.platform_fee(),
            "tax_authority": _tax_authority(settings, outgoing),
            "payments": Payments(providers, sandbox, webhooks.wake),
            "outgoing_webhooks": told,
        },
        lifespan=_alive([*outgoing, *opened], workers),
        around=[SecretLinks],
    )


def _webhooks_out(
    runtime: Runtime[Settings], secrets: WebhookSecrets, workers: list[Worker]
) -> tuple[OutgoingWebhooks, list[AbstractAsyncContextManager[object]]]:
    """What tells organisers' systems of orders. The client closes after the last turn has ended."""
    client = Outgoing(
        allowed_origins=runtime.settings.allowed_webhook_origins(),
        deadline=DEADLINE,
        connections_per_host=ENDPOINTS_AT_ONCE * CALLS_AT_ONCE,
    )
    attempts = Counter(
        "lanyard_webhook_attempts", "Calls of organisers' systems", ["outcome"], registry=runtime.registry
    )
    delivery = WebhookDelivery(runtime.database, client, secrets, lambda outcome: attempts.labels(outcome).inc())
    teller = Worker("deliver webhooks", delivery.deliver)
    delivery.when_free = teller.wake

    async def fan_out() -> int:
        more = await fan_out_webhooks(runtime.database)
        teller.wake()
        return more

    workers += [Worker("fan out webhooks", fan_out), teller]
    return OutgoingWebhooks(client, secrets, teller.wake), [client, delivery]


def _real_providers(settings: Settings, outgoing: list[Outgoing]) -> list[PaymentProvider]:
    """Those a key is set for. A stand-in may be on loopback; the providers themselves are on the public internet."""
    found: list[PaymentProvider] = []
    live, public_url = settings.live(), settings.public_url
    stripe_key = settings.stripe_secret_key.get_secret_value()
    if stripe_key:
        outgoing.append(_calls_to(settings.stripe_api_url, STRIPE_URL))
        stripe = StripeClient(outgoing[-1], secret_key=stripe_key, api_url=settings.stripe_api_url)
        found.append(Stripe(stripe, webhook_secrets=settings.stripe_secrets(), live=live, public_url=public_url))
    paystack_key = settings.paystack_secret_key.get_secret_value()
    if paystack_key:
        outgoing.append(_calls_to(settings.paystack_api_url, PAYSTACK_URL))
        paystack = PaystackClient(outgoing[-1], secret_key=paystack_key, api_url=settings.paystack_api_url)
        found.append(Paystack(paystack, secret_key=paystack_key, live=live, public_url=public_url))
    return found


def _tax_authority(settings: Settings, outgoing: list[Outgoing]) -> TaxAuthority:
    url = settings.tax_authority_url
    if not url:
        return TaxAuthority(None, url=url)
    client = Outgoing(
        allowed_origins=[] if url == TAX_AUTHORITY_URL else [url],
        deadline=settings.tax_authority_seconds,
        max_answer=MOST_ANSWER,
    )
    outgoing.append(client)
    return TaxAuthority(client, url=url)


def _calls_to(url: str, own: str) -> Outgoing:
    return Outgoing(allowed_origins=[] if url == own else [url], max_answer=PROVIDER_ANSWER)


def _alive(
    opened: Sequence[AbstractAsyncContextManager[object]], workers: list[Worker]
) -> Callable[[], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for one in opened:
                await stack.enter_async_context(one)
            await stack.enter_async_context(working(*workers))
            yield

    return lifespan


service = Service("commerce", Settings, metadata, build)
