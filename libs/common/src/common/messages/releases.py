"""What releases says."""

from datetime import datetime
from typing import ClassVar

from common.ids import DeploymentId, ReleaseId
from common.messages.base import Message


class ReleasePublished(Message):
    """A release of the platform was made public with its notes."""

    publisher: ClassVar[str] = "releases"
    subject: ClassVar[str] = "release.published"
    about: ClassVar[str] = "release_id"

    release_id: ReleaseId
    release_version: str
    channel: str
    published_at: datetime


class DeploymentRecorded(Message):
    """A deployment was first heard of, or moved to another state."""

    publisher: ClassVar[str] = "releases"
    subject: ClassVar[str] = "deployment.recorded"
    about: ClassVar[str] = "deployment_id"

    deployment_id: DeploymentId
    provider: str
    service: str | None
    environment: str | None
    commit_hash: str | None
    status: str
    occurred_at: datetime
