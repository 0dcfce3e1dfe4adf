"""Hears of an organisation: founded, changed, suspended or restored."""

from commerce.domain.sale import Organization
from commerce.store import copies
from common.db import Transaction
from common.messages import OrganizationCreated, OrganizationSuspended, OrganizationUpdated


async def record_organization(
    tx: Transaction, message: OrganizationCreated | OrganizationUpdated | OrganizationSuspended
) -> None:
    """Keep our copy. While it is suspended nothing of it is sold; what was paid stays."""
    organization = Organization(
        id=message.organization_id,
        name=message.name,
        suspended=message.suspended,
        backer_tiers=message.backer_tiers,
    )
    await copies.save_organization(tx, organization, message.sequence)
