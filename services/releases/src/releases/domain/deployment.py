"""A deployment is what its reports add up to. The sum is a function of the set of reports: order and repetition do not matter.

Providers deliver late, twice and in any order, so the state follows the time each report carries, never the time it came.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from common.ids import DeploymentId
from releases.domain.words import UNKNOWN, Stage, rank_of, stage_of

TRUSTED_SKEW = timedelta(minutes=5)
"""How far ahead of ours a provider's clock may be. Further ahead, its word is taken for the moment it came: a report dated
tomorrow must not outlive the truth until then."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one webhook said of one deployment, its text made inert."""

    provider: str
    external_id: str
    word: str
    reported_at: datetime | None = None
    project: str | None = None
    service: str | None = None
    environment: str | None = None
    ephemeral: bool | None = None
    source: str | None = None
    branch: str | None = None
    commit_hash: str | None = None
    commit_message: str | None = None
    commit_author: str | None = None

    def digest(self) -> str:
        """The same for the same report, however often it is sent."""
        text = json.dumps(asdict(self), default=datetime.isoformat, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Heard:
    """A report and when it came."""

    report: Report
    received_at: datetime

    @property
    def occurred_at(self) -> datetime:
        """When it happened, as far as the provider can be believed."""
        reported = self.report.reported_at
        if reported is None or reported > self.received_at + TRUSTED_SKEW:
            return self.received_at
        return reported


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a deployment.

    `status` is the last word about the deploy itself, `last_word` the last word at all: a deployment that was put to sleep
    stays `deployed`, with the last word `slept`. `failed_at` is the first failure while it ran, or that of the attempt.
    """

    status: str
    last_word: str
    occurred_at: datetime
    started_at: datetime
    deployed_at: datetime | None
    failed_at: datetime | None
    project: str | None
    service: str | None
    environment: str | None
    ephemeral: bool
    source: str | None
    branch: str | None
    commit_hash: str | None
    commit_message: str | None
    commit_author: str | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment as it is kept."""

    id: DeploymentId
    version: int
    provider: str
    external_id: str
    state: State
    verified_at: datetime | None

    @property
    def verified(self) -> bool:
        """Whether the provider itself confirmed it. A webhook alone proves only that someone knows its address."""
        return self.verified_at is not None


def summed_up(reports: Sequence[Heard]) -> State:
    """The state that a set of reports adds up to; at least one is needed."""
    ordered = sorted(reports, key=lambda heard: (heard.occurred_at, rank_of(heard.report.word), heard.report.digest()))
    telling = [heard for heard in ordered if stage_of(heard.report.word) not in (Stage.NOT_A_DEPLOY, Stage.UNKNOWN)]
    deployed_at = _first(telling, Stage.RUNNING)
    ran = [heard for heard in telling if deployed_at is None or heard.occurred_at >= deployed_at]
    return State(
        status=telling[-1].report.word if telling else UNKNOWN,
        last_word=ordered[-1].report.word,
        occurred_at=(telling or ordered)[-1].occurred_at,
        started_at=ordered[0].occurred_at,
        deployed_at=deployed_at,
        failed_at=_first(ran, Stage.FAILED),
        project=_last(ordered, lambda report: report.project),
        service=_last(ordered, lambda report: report.service),
        environment=_last(ordered, lambda report: report.environment),
        ephemeral=any(heard.report.ephemeral for heard in ordered),
        source=_last(ordered, lambda report: report.source),
        branch=_last(ordered, lambda report: report.branch),
        commit_hash=_last(ordered, lambda report: report.commit_hash),
        commit_message=_last(ordered, lambda report: report.commit_message),
        commit_author=_last(ordered, lambda report: report.commit_author),
    )


def _first(ordered: Sequence[Heard], stage: Stage) -> datetime | None:
    return next((heard.occurred_at for heard in ordered if stage_of(heard.report.word) is stage), None)


def _last(ordered: Sequence[Heard], part: Callable[[Report], str | None]) -> str | None:
    return next((value for heard in reversed(ordered) if (value := part(heard.report)) is not None), None)
