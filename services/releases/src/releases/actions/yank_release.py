"""Takes a release back."""

from common.capabilities import PLATFORM, Capability, require_capability
from common.db import Transaction
from common.ids import ReleaseId
from common.principal import Principal
from releases.actions.announce import release_message
from releases.domain.release import Release, yanked
from releases.store import releases


async def yank_release(tx: Transaction, principal: Principal, release_id: ReleaseId, reason: str) -> Release:
    """The yanked release, which stays in the history with its mark. Yanking it again changes nothing."""
    require_capability(principal, Capability.RELEASES_RELEASE_PUBLISH, PLATFORM)
    before = await releases.lock(tx, release_id)
    after = yanked(before, reason, tx.now)
    if after != before:
        await releases.save(tx, after)
        tx.publish(release_message(after))
    return after
