"""Forgets what the tax authority said of numbers long ago; orders keep what was said of theirs."""

from commerce.store import vat_verdicts
from common.db import Database


async def forget_vat_verdicts(database: Database) -> int:
    """Delete verdicts that may not be used again; how many."""
    async with database.transaction() as tx:
        return await vat_verdicts.forget_old(tx)
