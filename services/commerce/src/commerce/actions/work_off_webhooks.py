"""Works off stored notices: the provider is asked how the payment stands, and that takes effect, once."""

import asyncio

from opentelemetry import trace

from commerce.actions.settle_payment import settle_payment
from commerce.adapters.providers import Providers, reason_of
from commerce.errors import NotOurPayment
from commerce.store import webhooks
from commerce.store.webhooks import StoredWebhook
from common.db import Database
from common.telemetry import context_of, logger, tracer

log = logger("webhooks")

AT_ONCE = 8
ALARM_AFTER = 12
"""Attempts, about an hour of them: no provider is away that long without somebody having to know."""


async def work_off_webhooks(database: Database, providers: Providers) -> int:
    """Work off what is due, a few at a time; how many were tried."""
    async with database.transaction() as tx:
        waiting = await webhooks.take_some_webhooks(tx, AT_ONCE)
    await asyncio.gather(*(_work_off(database, providers, webhook) for webhook in waiting))
    return len(waiting)


async def _work_off(database: Database, providers: Providers, webhook: StoredWebhook) -> None:
    """In the trace the webhook came in, so that one trace leads from the provider to the passes."""
    span = tracer().start_as_current_span(
        f"work off webhook {webhook.provider}",
        context=context_of(webhook.traceparent),
        kind=trace.SpanKind.CONSUMER,
    )
    with span as current:
        try:
            await _let_take_effect(database, providers, webhook)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is this notice's failure; it is tried again
            current.record_exception(error)
            await _put_off(database, webhook, reason_of(error))


async def _let_take_effect(database: Database, providers: Providers, webhook: StoredWebhook) -> None:
    try:
        told = await providers.find(webhook.provider).fetch(webhook.reference)
    except NotOurPayment:
        # Others may use the same account there; their refunds and disputes carry no id that would tell sooner.
        async with database.transaction() as tx:
            await webhooks.mark_worked_off(tx, webhook.id, "not ours")
        return
    async with database.transaction() as tx:
        outcome = await settle_payment(tx, webhook.provider, told)
        await webhooks.mark_worked_off(tx, webhook.id, outcome)


async def _put_off(database: Database, webhook: StoredWebhook, reason: str) -> None:
    async with database.transaction() as tx:
        again = await webhooks.put_off(tx, webhook, reason)
    which = {"webhook": webhook.id, "provider": webhook.provider, "attempts": webhook.attempts, "reason": reason}
    if not again:
        log.error("ALARM: a webhook was given up", **which)
    elif webhook.attempts >= ALARM_AFTER:
        log.error("ALARM: a webhook still cannot be worked off", **which)
    else:
        log.warning("a webhook could not be worked off; it is tried again", **which)
