"""Shows releases, each with the deployments that carried it out."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.capabilities import PLATFORM, Capability, holds, require_capability
from common.db import Transaction
from common.ids import ReleaseId
from common.principal import Principal
from releases.domain.deployment import Deployment
from releases.domain.release import Release
from releases.errors import NoSuchRelease
from releases.store import deployments, releases


@dataclass(frozen=True, slots=True)
class Shown:
    """A release and the deployments of its commit."""

    release: Release
    deployments: Sequence[Deployment]


async def read_history(
    tx: Transaction, channel: str | None, cursor: str | None, limit: int
) -> tuple[list[Shown], str | None]:
    """A page of what was published, for everyone, and the cursor of the next."""
    page, following = await releases.public_page(tx, channel, cursor, limit)
    return await with_deployments(tx, page), following


async def read_drafts(
    tx: Transaction, principal: Principal, channel: str | None, cursor: str | None, limit: int
) -> tuple[list[Shown], str | None]:
    """A page of drafts, for those who write them, and the cursor of the next."""
    require_capability(principal, Capability.RELEASES_RELEASE_WRITE, PLATFORM)
    page, following = await releases.draft_page(tx, channel, cursor, limit)
    return await with_deployments(tx, page), following


async def read_release(tx: Transaction, principal: Principal, release_id: ReleaseId) -> Shown:
    """One release; a draft is there only for those who write drafts."""
    release = await releases.find(tx, release_id)
    if release.status == "draft" and not holds(principal, Capability.RELEASES_RELEASE_WRITE, PLATFORM):
        raise NoSuchRelease()
    return (await with_deployments(tx, [release]))[0]


async def with_deployments(tx: Transaction, page: Sequence[Release]) -> list[Shown]:
    """Each release with the deployments of its commit."""
    carried = await deployments.carrying(tx, [release.commit_hash for release in page if release.commit_hash])
    return [Shown(release, carried.get(release.commit_hash or "", [])) for release in page]
