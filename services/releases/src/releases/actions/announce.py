"""What the aggregates of this service look like when others are told of them."""

from common.messages import ClientPolicyChanged, DeploymentRecorded, ReleasePublished, ReleaseYanked
from releases.domain.client_policy import ClientPolicy
from releases.domain.deployment import Deployment
from releases.domain.release import Release


def release_message(release: Release) -> ReleasePublished | ReleaseYanked:
    """The state of a release that was published; drafts are nobody else's business."""
    assert release.published_at is not None
    assert release.status != "draft"
    kind = ReleaseYanked if release.status == "yanked" else ReleasePublished
    return kind(
        sequence=release.version,
        release_id=release.id,
        release_version=release.release_version,
        channel=release.channel,
        status=release.status,
        published_at=release.published_at,
        yanked_at=release.yanked_at,
    )


def deployment_message(deployment: Deployment) -> DeploymentRecorded:
    """The state of a deployment. Commit text and author stay here: no listener needs them."""
    state = deployment.state
    return DeploymentRecorded(
        sequence=deployment.version,
        deployment_id=deployment.id,
        provider=deployment.provider,
        service=state.service,
        environment=state.environment,
        ephemeral=state.ephemeral,
        commit_hash=state.commit_hash,
        status=state.status,
        occurred_at=state.occurred_at,
        deployed_at=state.deployed_at,
        verified=deployment.verified,
    )


def policy_message(policy: ClientPolicy) -> ClientPolicyChanged:
    """The state of a platform's policy."""
    assert policy.changed_at is not None
    return ClientPolicyChanged(
        sequence=policy.version,
        platform=policy.platform,
        minimum=policy.minimum,
        minimum_build=policy.minimum_build,
        latest=policy.latest,
        blocked=policy.blocked,
        store_url=policy.store_url,
        message=policy.message,
        deadline_at=policy.deadline_at,
        changed_at=policy.changed_at,
    )
