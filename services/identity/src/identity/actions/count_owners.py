"""Counts an organisation's owners when one comes or goes, and says it anew: which backers own it is part of its state."""

from common.db import Transaction
from common.ids import OrganizationId
from identity.actions.saying import organization_updated
from identity.store import backers, organizations


async def count_owners(tx: Transaction, organization_id: OrganizationId, change: int) -> None:
    """Call it after the membership changed, under the organisation's lock. Raises LastOwner where none would be left."""
    if change:
        changed = await organizations.count_owners(tx, organization_id, change)
        tx.publish(organization_updated(changed, await backers.tiers_of_owners(tx, organization_id)))
