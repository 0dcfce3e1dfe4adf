"""Proves that the books add up: stock equals what orders say, and the ledger equals what was paid."""

from commerce.errors import InvariantsBroken
from commerce.store import invariants
from common.db import Database


async def check_invariants(database: Database) -> dict[str, str]:
    """Ask every question. Raises InvariantsBroken naming what does not add up."""
    async with database.transaction() as tx:
        findings = [
            *await invariants.find_miscounted_tiers(tx),
            *await invariants.find_unbooked_payments(tx),
            *await invariants.find_orders_paid_wrongly(tx),
        ]
    if findings:
        raise InvariantsBroken(findings="; ".join(findings))
    return {"stock": "adds up", "ledger": "adds up"}
