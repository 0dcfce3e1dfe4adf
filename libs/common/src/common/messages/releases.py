"""What releases says."""

from datetime import datetime
from typing import ClassVar, Literal

from common.ids import DeploymentId, ReleaseId
from common.messages.base import Message


class _ReleaseMessage(Message):
    publisher: ClassVar[str] = "releases"
    about: ClassVar[str] = "release_id"

    release_id: ReleaseId
    release_version: str
    channel: str
    status: Literal["published", "yanked"]
    published_at: datetime
    yanked_at: datetime | None = None


class ReleasePublished(_ReleaseMessage):
    """A release of the platform was made public with its notes."""

    subject: ClassVar[str] = "release.published"


class ReleaseYanked(_ReleaseMessage):
    """A published release was taken back: nobody should install it any more."""

    subject: ClassVar[str] = "release.yanked"


class DeploymentRecorded(Message):
    """A deployment was first heard of, or something new became known of it. Unverified: nobody but the webhook says so."""

    publisher: ClassVar[str] = "releases"
    subject: ClassVar[str] = "deployment.recorded"
    about: ClassVar[str] = "deployment_id"

    deployment_id: DeploymentId
    provider: str
    service: str | None
    environment: str | None
    ephemeral: bool
    commit_hash: str | None
    status: str
    occurred_at: datetime
    deployed_at: datetime | None
    verified: bool


class ClientPolicyChanged(Message):
    """What apps of one platform are told about updating was changed."""

    publisher: ClassVar[str] = "releases"
    subject: ClassVar[str] = "client_policy.changed"
    listeners: ClassVar[tuple[str, ...]] = ("gateway",)
    about: ClassVar[str] = "platform"

    platform: Literal["ios", "android", "web"]
    minimum: str | None
    minimum_build: int | None
    latest: str | None
    blocked: tuple[str, ...]
    store_url: str | None
    message: str | None
    deadline_at: datetime | None
    changed_at: datetime
