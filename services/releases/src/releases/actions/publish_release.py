"""Makes a release public."""

from common.capabilities import PLATFORM, Capability, require_capability
from common.db import Transaction
from common.ids import ReleaseId
from common.principal import Principal
from releases.actions.announce import release_message
from releases.domain.release import Release, published
from releases.store import releases


async def publish_release(tx: Transaction, principal: Principal, release_id: ReleaseId) -> Release:
    """The published release. Publishing it again changes nothing and tells nobody."""
    require_capability(principal, Capability.RELEASES_RELEASE_PUBLISH, PLATFORM)
    before = await releases.lock(tx, release_id)
    after = published(before, tx.now)
    if after != before:
        await releases.save(tx, after)
        tx.publish(release_message(after))
    return after
