"""Begins a release."""

from common.capabilities import PLATFORM, Capability, require_capability
from common.db import Transaction
from common.ids import ReleaseId
from common.principal import Principal
from releases.domain.release import Notes, Release
from releases.store import releases


async def draft_release(
    tx: Transaction, principal: Principal, release_version: str, channel: str, commit_hash: str | None, notes: Notes
) -> Release:
    """A new draft, which only release managers see. Refuses a version the channel has already."""
    require_capability(principal, Capability.RELEASES_RELEASE_WRITE, PLATFORM)
    release = Release(
        id=tx.new_id(ReleaseId),
        version=1,
        release_version=release_version,
        channel=channel,
        commit_hash=commit_hash,
        notes=notes,
        status="draft",
        created_by=principal.actor,
        created_at=tx.now,
    )
    await releases.add(tx, release)
    return release
