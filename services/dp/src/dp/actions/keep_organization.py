"""Keep dp's copy of an organisation equal to what identity says about it."""

from common.db import Transaction
from common.messages import OrganizationCreated, OrganizationSuspended, OrganizationUpdated
from dp.store import organizations


async def keep_organization(
    tx: Transaction, message: OrganizationCreated | OrganizationUpdated | OrganizationSuspended
) -> None:
    """Take over the state in the message, unless a newer one is here already."""
    await organizations.keep_organization(
        tx, message.organization_id, message.name, message.sequence, suspended=message.suspended
    )
