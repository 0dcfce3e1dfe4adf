"""Takes in what a provider tells: verified on its raw bytes, stored, and only then worked off."""

from collections.abc import Mapping

from commerce.adapters.providers import Providers
from commerce.store import webhooks
from common.db import Database
from common.telemetry import current_traceparent


async def receive_webhook(
    database: Database, providers: Providers, provider_name: str, body: bytes, headers: Mapping[str, str]
) -> bool:
    """Store the notice with the trace it came in. False when it was here already, or is of nothing that concerns us.

    Raises UnknownProvider, WebhookNotAuthentic, WebhookUnreadable, WebhookOfOtherMode; nothing is stored then.
    """
    provider = providers.find(provider_name)
    notice = provider.read_webhook(body, headers, database.clock.now())
    if notice is None:
        return False
    async with database.transaction() as tx:
        return await webhooks.add_webhook(
            tx,
            provider=provider.name,
            event_key=notice.event_key,
            reference=notice.reference,
            body=body,
            traceparent=current_traceparent(),
        )
