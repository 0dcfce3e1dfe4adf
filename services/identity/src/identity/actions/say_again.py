"""Says the current state of every aggregate again, so that others can rebuild their copies."""

from common.db import Transaction
from identity.actions.saying import member_changed, organization_updated, user_updated
from identity.store import backers, members, organizations, users


async def say_again(tx: Transaction) -> int:
    """Publish everyone and everything; how many messages that is."""
    tiers = await backers.tiers_by_organization(tx)
    said = [
        *(user_updated(user) for user in await users.every_user(tx)),
        *(
            organization_updated(organization, tiers.get(organization.id, ()))
            for organization in await organizations.every_organization(tx)
        ),
        *(member_changed(member) for member in await members.every_member(tx)),
    ]
    for message in said:
        tx.publish(message)
    return len(said)
