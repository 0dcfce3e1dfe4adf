"""Proves that the books add up: stock equals what orders say, and the ledger equals what was paid."""

from commerce.errors import InvariantsBroken
from commerce.store import document_invariants, invariants, money_invariants, tax_invariants, webhook_deliveries
from common.db import Database


async def check_invariants(database: Database) -> dict[str, str]:
    """Ask every question. Raises InvariantsBroken naming what does not add up."""
    async with database.transaction() as tx:
        findings = [
            *await invariants.find_miscounted_tiers(tx),
            *await invariants.find_miscounted_add_ons(tx),
            *await invariants.find_miscounted_events(tx),
            *await invariants.find_miscounted_promo_codes(tx),
            *await invariants.find_orders_that_do_not_add_up(tx),
            *await invariants.find_miscounted_waiting(tx),
            *await invariants.find_unbooked_payments(tx),
            *await invariants.find_orders_paid_wrongly(tx),
            *await money_invariants.find_money_astray(tx),
            *await document_invariants.find_documents_astray(tx),
            *await tax_invariants.find_reverse_charges_astray(tx),
            *await webhook_deliveries.find_gaps(tx),
        ]
    if findings:
        raise InvariantsBroken(findings="; ".join(findings))
    return {"stock": "adds up", "ledger": "adds up", "documents": "no gap", "webhooks": "no gap"}
