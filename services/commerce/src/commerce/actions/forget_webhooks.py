"""Forgets what organisers' systems were told long ago."""

from commerce.store import webhook_deliveries
from common.db import Database


async def forget_webhooks(database: Database) -> int:
    """Delete deliveries older than 30 days; how many."""
    async with database.transaction() as tx:
        return await webhook_deliveries.forget_old(tx)
