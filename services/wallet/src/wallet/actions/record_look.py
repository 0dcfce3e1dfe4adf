"""Hears of organisations and ticket tiers: the names a wallet pass shows beside the event."""

from common.db import Transaction
from common.messages import OrganizationCreated, OrganizationSuspended, OrganizationUpdated, TicketTierSaved
from wallet.store import copies


async def record_organization(
    transaction: Transaction, message: OrganizationCreated | OrganizationUpdated | OrganizationSuspended
) -> None:
    """Keep the name of an organisation."""
    values = {"id": message.organization_id, "name": message.name, "sequence": message.sequence}
    await copies.save_organization(transaction, values)


async def record_ticket_tier(transaction: Transaction, message: TicketTierSaved) -> None:
    """Keep the name of a ticket tier."""
    values = {"id": message.ticket_tier_id, "name": message.name, "sequence": message.sequence}
    await copies.save_ticket_tier(transaction, values)
