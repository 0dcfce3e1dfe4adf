"""What operators can run: `python -m commerce run NAME JSON`, which `./lanyard run` finds."""

from typing import Any

from commerce.actions.check_invariants import check_invariants
from commerce.actions.read_ledger import read_ledger
from commerce.actions.read_reconciliation import read_reconciliation
from commerce.actions.reseal_webhooks import reseal_webhooks
from commerce.formats.webhook_secrets import WebhookSecrets
from common.db import Database
from common.service import Commands


def commands(database: Database, secrets: WebhookSecrets) -> Commands:
    """Every command by its name."""

    async def check(_: dict[str, Any]) -> object:
        return await check_invariants(database)

    async def reconciliation(values: dict[str, Any]) -> object:
        return await read_reconciliation(database, values)

    async def of_order(values: dict[str, Any]) -> object:
        return await read_ledger(database, values)

    async def reseal(_: dict[str, Any]) -> object:
        return await reseal_webhooks(database, secrets)

    return {
        "invariants:check": check,
        "ledger:order": of_order,
        "reconciliation:report": reconciliation,
        "webhooks:reseal": reseal,
    }
