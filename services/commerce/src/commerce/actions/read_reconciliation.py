"""What the nightly comparison with providers found, for operators."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from commerce.errors import MalformedDay
from commerce.store import reconciliation
from common.db import Database

SHOWN = timedelta(days=7)


async def read_reconciliation(database: Database, values: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The days compared since `values["since"]`, a week without it, and every difference not settled. Raises MalformedDay."""
    async with database.transaction() as tx:
        since = tx.now.date() - SHOWN
        if "since" in values:
            try:
                since = date.fromisoformat(values["since"])
            except (TypeError, ValueError):
                raise MalformedDay(pointer="/since") from None
        return await reconciliation.report(tx, since)
