"""Seals every webhook's secrets with the newest key, so that an older one can be thrown away; run by operators."""

from dataclasses import replace

from commerce.formats.webhook_secrets import WebhookSecrets
from commerce.store import webhook_endpoints
from common.db import Database
from common.ids import WebhookEndpointId
from common.sealing import NotSealedHere

PAGE = 200


async def reseal_webhooks(database: Database, secrets: WebhookSecrets) -> dict[str, object]:
    """How many were sealed anew, and the webhooks of which something opens with no key: those stay as they are.

    What was kept before secrets were sealed at all is sealed as well. Stopped anywhere, it can be begun again.
    """
    resealed, refused = 0, list[WebhookEndpointId]()
    last: WebhookEndpointId | None = None
    while True:
        async with database.transaction() as tx:
            page = await webhook_endpoints.endpoints_after(tx, last, PAGE)
        if not page:
            return {"resealed": resealed, "refused": refused}
        for endpoint_id in page:
            try:
                resealed += await _reseal(database, secrets, endpoint_id)
            except NotSealedHere:
                refused.append(endpoint_id)
        last = page[-1]


async def _reseal(database: Database, secrets: WebhookSecrets, endpoint_id: WebhookEndpointId) -> bool:
    async with database.transaction() as tx:
        before = await webhook_endpoints.lock_endpoint(tx, endpoint_id)
        if before is None:
            return False
        old = before.sealed_old_secret
        after = replace(
            before,
            sealed_secret=secrets.renewed(endpoint_id, before.sealed_secret, tx.entropy),
            sealed_old_secret=None if old is None else secrets.renewed(endpoint_id, old, tx.entropy),
        )
        if after != before:
            await webhook_endpoints.save_endpoint(tx, after)
        return after != before
