"""Rewrites a draft."""

from common.capabilities import PLATFORM, Capability, require_capability
from common.db import Transaction
from common.ids import ReleaseId
from common.principal import Principal
from releases.domain.release import Amendment, Release, amended
from releases.store import releases


async def amend_release(
    tx: Transaction, principal: Principal, release_id: ReleaseId, amendment: Amendment, expected: int | None
) -> Release:
    """The draft with its changes, unless it is no longer version `expected` (where one is given) or no longer a draft."""
    require_capability(principal, Capability.RELEASES_RELEASE_WRITE, PLATFORM)
    release = amended(await releases.lock(tx, release_id), amendment, expected)
    await releases.save(tx, release)
    return release
