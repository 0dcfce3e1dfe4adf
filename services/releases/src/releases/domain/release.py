"""A release: what changed, in words for those who use it. A draft may be rewritten; what was said in public stays said.

Notes have the six headings of Keep a Changelog 1.1.0, and so has taking a release back: it is marked, not deleted.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from common.ids import ReleaseId
from releases.errors import NoLongerDraft, NotYetPublished, ReleaseChanged, ReleaseWasYanked

Status = Literal["draft", "published", "yanked"]


@dataclass(frozen=True, slots=True)
class Notes:
    """What changed, one line each."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    security: tuple[str, ...] = ()


HEADINGS = ("added", "changed", "deprecated", "removed", "fixed", "security")


@dataclass(frozen=True, slots=True)
class Release:
    """One version on one channel. `commit_hash` (or its beginning) ties it to the deployments that carried it out."""

    id: ReleaseId
    version: int
    release_version: str
    channel: str
    commit_hash: str | None
    notes: Notes
    status: Status
    created_by: str
    created_at: datetime
    published_at: datetime | None = None
    yanked_at: datetime | None = None
    yank_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """What of a draft is to be another; None leaves it."""

    release_version: str | None = None
    channel: str | None = None
    commit_hash: str | None = None
    notes: Notes | None = None


def amended(release: Release, amendment: Amendment, expected: int | None) -> Release:
    """The draft with its changes.

    Raises:
        ReleaseChanged: it is not the version any more that the editor had before them.
        NoLongerDraft: it was published.
    """
    if expected is not None and expected != release.version:
        raise ReleaseChanged()
    if release.status != "draft":
        raise NoLongerDraft()
    return replace(
        release,
        version=release.version + 1,
        release_version=amendment.release_version or release.release_version,
        channel=amendment.channel or release.channel,
        commit_hash=amendment.commit_hash or release.commit_hash,
        notes=amendment.notes or release.notes,
    )


def published(release: Release, now: datetime) -> Release:
    """The release, public from `now`; one that is public already is left alone. Raises ReleaseWasYanked."""
    if release.status == "yanked":
        raise ReleaseWasYanked()
    if release.status == "published":
        return release
    return replace(release, version=release.version + 1, status="published", published_at=now)


def yanked(release: Release, reason: str, now: datetime) -> Release:
    """The release, marked as taken back; one that was yanked keeps its first reason. Raises NotYetPublished."""
    if release.status == "draft":
        raise NotYetPublished()
    if release.status == "yanked":
        return release
    return replace(release, version=release.version + 1, status="yanked", yanked_at=now, yank_reason=reason)
