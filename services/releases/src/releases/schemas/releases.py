"""Releases on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from common.ids import ReleaseId
from common.schemas import Body, Prose, Slug, View
from releases.actions.read_releases import Shown
from releases.domain.release import Amendment, Notes, Release, Status
from releases.schemas.deployments import PublicDeployment

Line = Annotated[Prose, StringConstraints(min_length=1, max_length=1000)]
Lines = Annotated[tuple[Line, ...], Field(max_length=100)]
ReleaseVersion = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9}){0,3}([-+][0-9A-Za-z.+-]{1,40})?$")
]
CommitHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,64}$")]


class NotesBody(Body):
    """What changed, one line each, under the headings of Keep a Changelog."""

    added: Lines = ()
    changed: Lines = ()
    deprecated: Lines = ()
    removed: Lines = ()
    fixed: Lines = ()
    security: Lines = ()

    def notes(self) -> Notes:
        """The value the domain works with."""
        return Notes(self.added, self.changed, self.deprecated, self.removed, self.fixed, self.security)


class NewRelease(Body):
    """A draft. `commitHash`, or its beginning, ties it to its deployments."""

    version: ReleaseVersion
    channel: Slug
    commit_hash: CommitHash | None = None
    notes: NotesBody = NotesBody()


class ReleaseChanges(Body):
    """What of a draft is to be another; what is left out stays."""

    version: ReleaseVersion | None = None
    channel: Slug | None = None
    commit_hash: CommitHash | None = None
    notes: NotesBody | None = None

    def amendment(self) -> Amendment:
        """The value the domain works with."""
        return Amendment(self.version, self.channel, self.commit_hash, self.notes.notes() if self.notes else None)


class Yank(Body):
    """Why nobody should install it any more; shown in public."""

    reason: Line


class NotesView(View):
    """What changed, one line each."""

    added: list[str]
    changed: list[str]
    deprecated: list[str]
    removed: list[str]
    fixed: list[str]
    security: list[str]

    @classmethod
    def of(cls, notes: Notes) -> "NotesView":
        """From the domain's value."""
        return cls(
            added=list(notes.added),
            changed=list(notes.changed),
            deprecated=list(notes.deprecated),
            removed=list(notes.removed),
            fixed=list(notes.fixed),
            security=list(notes.security),
        )


class ReleaseView(View):
    """A release and the deployments that carried it out. `revision` grows with every change; `If-Match` takes it, quoted."""

    id: ReleaseId
    revision: int
    version: str
    channel: str
    status: Status
    commit_hash: str | None
    notes: NotesView
    created_at: datetime
    published_at: datetime | None
    yanked_at: datetime | None
    yank_reason: str | None
    deployments: list[PublicDeployment]

    @classmethod
    def of(cls, shown: Shown) -> "ReleaseView":
        """From the domain's values."""
        release: Release = shown.release
        return cls(
            id=release.id,
            revision=release.version,
            version=release.release_version,
            channel=release.channel,
            status=release.status,
            commit_hash=release.commit_hash,
            notes=NotesView.of(release.notes),
            created_at=release.created_at,
            published_at=release.published_at,
            yanked_at=release.yanked_at,
            yank_reason=release.yank_reason,
            deployments=[PublicDeployment.of(deployment) for deployment in shown.deployments],
        )
