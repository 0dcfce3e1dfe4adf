"""Deployments and what is counted from them, on the wire."""

from datetime import datetime
from typing import Literal

from common.ids import DeploymentId
from common.schemas import View
from releases.actions.measure_delivery import Measured
from releases.domain.deployment import Deployment
from releases.domain.dora import Span
from releases.domain.untrusted_text import hide_addresses, public_author


class WebhookAnswer(View):
    """What became of a webhook."""

    outcome: Literal["recorded", "repeated", "ignored"]


class PublicDeployment(View):
    """A deployment as everyone may see it: without addresses. `verified` once the provider itself confirmed it."""

    id: DeploymentId
    provider: str
    service: str | None
    environment: str | None
    status: str
    verified: bool
    commit_hash: str | None
    commit_message: str | None
    commit_author: str | None
    occurred_at: datetime
    deployed_at: datetime | None

    @classmethod
    def of(cls, deployment: Deployment) -> "PublicDeployment":
        """From the domain's value, addresses hidden."""
        state = deployment.state
        return cls(
            id=deployment.id,
            provider=deployment.provider,
            service=state.service,
            environment=state.environment,
            status=state.status,
            verified=deployment.verified,
            commit_hash=state.commit_hash,
            commit_message=hide_addresses(state.commit_message),
            commit_author=public_author(state.commit_author),
            occurred_at=state.occurred_at,
            deployed_at=state.deployed_at,
        )


class DeploymentView(View):
    """All that is known of a deployment. `status` is the last word about the deploy, `lastWord` the last word at all."""

    id: DeploymentId
    provider: str
    external_id: str
    project: str | None
    service: str | None
    environment: str | None
    ephemeral: bool
    status: str
    last_word: str
    verified: bool
    source: str | None
    branch: str | None
    commit_hash: str | None
    commit_message: str | None
    commit_author: str | None
    started_at: datetime
    occurred_at: datetime
    deployed_at: datetime | None
    failed_at: datetime | None

    @classmethod
    def of(cls, deployment: Deployment) -> "DeploymentView":
        """From the domain's value."""
        state = deployment.state
        return cls(
            id=deployment.id,
            provider=deployment.provider,
            external_id=deployment.external_id,
            project=state.project,
            service=state.service,
            environment=state.environment,
            ephemeral=state.ephemeral,
            status=state.status,
            last_word=state.last_word,
            verified=deployment.verified,
            source=state.source,
            branch=state.branch,
            commit_hash=state.commit_hash,
            commit_message=state.commit_message,
            commit_author=state.commit_author,
            started_at=state.started_at,
            occurred_at=state.occurred_at,
            deployed_at=state.deployed_at,
            failed_at=state.failed_at,
        )


class SpanView(View):
    """A stretch of time and the deployment it ended with."""

    deployment_id: DeploymentId
    began_at: datetime
    ended_at: datetime
    seconds: int

    @classmethod
    def of(cls, span: Span) -> "SpanView":
        """From the domain's value."""
        return cls(
            deployment_id=span.deployment_id, began_at=span.began_at, ended_at=span.ended_at, seconds=span.seconds
        )


class Frequency(View):
    """How often software reached users, and with which deployments."""

    per_day: float
    deployments: list[DeploymentId]


class Duration(View):
    """The median of some stretches of time, and the stretches."""

    median_seconds: int | None
    spans: list[SpanView]


class Share(View):
    """How many of all deployments, from 0 to 1, and which."""

    share: float | None
    deployments: list[DeploymentId]


class MetricsView(View):
    """The five figures of software delivery, each with the rows behind it."""

    environment: str
    service: str | None
    since: datetime
    until: datetime
    deployment_frequency: Frequency
    change_lead_time: Duration
    change_fail_rate: Share
    failed_deployment_recovery_time: Duration
    deployment_rework_rate: Share

    @classmethod
    def of(cls, measured: Measured) -> "MetricsView":
        """From the action's result."""
        found = measured.figures
        lead_times, recoveries = map(SpanView.of, found.lead_times), map(SpanView.of, found.recoveries)
        return cls(
            environment=measured.environment,
            service=measured.service,
            since=measured.since,
            until=measured.until,
            deployment_frequency=Frequency(per_day=found.per_day, deployments=list(found.shipped)),
            change_lead_time=Duration(median_seconds=found.lead_time_seconds, spans=list(lead_times)),
            change_fail_rate=Share(share=found.fail_share, deployments=list(found.failed)),
            failed_deployment_recovery_time=Duration(median_seconds=found.recovery_seconds, spans=list(recoveries)),
            deployment_rework_rate=Share(share=found.rework_share, deployments=list(found.rework)),
        )
