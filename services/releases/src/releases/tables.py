"""The tables. Whatever the database can guarantee is a named constraint; the app role cannot change or delete what was
heard of a deployment, nor who changed a client policy (the first migration takes those rights from it)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from common.db import TypedId, moment, new_metadata
from common.ids import DeploymentId, ReleaseId

metadata = new_metadata()

releases = Table(
    "releases",
    metadata,
    Column("id", TypedId(ReleaseId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("release_version", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("commit_hash", Text),
    Column("notes", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("published_at", moment()),
    Column("yanked_at", moment()),
    Column("yank_reason", Text),
    UniqueConstraint("channel", "release_version", name="uq_releases_channel_version"),
    CheckConstraint("status IN ('draft', 'published', 'yanked')", name="status_is_known"),
    CheckConstraint("(status = 'draft') = (published_at IS NULL)", name="published_has_its_moment"),
    CheckConstraint("(status = 'yanked') = (yanked_at IS NOT NULL)", name="yanked_has_its_moment"),
    CheckConstraint("(status = 'yanked') = (yank_reason IS NOT NULL)", name="yanked_has_its_reason"),
    CheckConstraint("commit_hash ~ '^[0-9a-f]{7,64}$'", name="commit_is_a_hash"),
)
Index(
    "ix_releases_public",
    releases.c.published_at.desc(),
    releases.c.id.desc(),
    postgresql_where=text("published_at IS NOT NULL"),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", TypedId(DeploymentId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("provider", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("last_word", Text, nullable=False),
    Column("occurred_at", moment(), nullable=False),
    Column("started_at", moment(), nullable=False),
    Column("deployed_at", moment()),
    Column("failed_at", moment()),
    Column("project", Text),
    Column("service", Text),
    Column("environment", Text),
    Column("ephemeral", Boolean, nullable=False),
    Column("source", Text),
    Column("branch", Text),
    Column("commit_hash", Text),
    Column("commit_message", Text),
    Column("commit_author", Text),
    Column("verified_at", moment()),
    UniqueConstraint("provider", "external_id", name="uq_deployments_provider_external_id"),
    CheckConstraint("started_at <= occurred_at", name="nothing_happens_before_the_start"),
    CheckConstraint("commit_hash ~ '^[0-9a-f]{7,64}$'", name="commit_is_a_hash"),
)
Index("ix_deployments_commit", deployments.c.commit_hash, postgresql_ops={"commit_hash": "text_pattern_ops"})
Index("ix_deployments_deployed_at", deployments.c.deployed_at)

deployment_events = Table(
    "deployment_events",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("deployment_id", TypedId(DeploymentId), ForeignKey("deployments.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("word", Text, nullable=False),
    Column("occurred_at", moment(), nullable=False),
    Column("received_at", moment(), nullable=False),
    Column("report", JSONB, nullable=False),
    UniqueConstraint("deployment_id", "digest", name="uq_deployment_events_deployment_id_digest"),
)

client_policies = Table(
    "client_policies",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("minimum", Text),
    Column("minimum_build", BigInteger),
    Column("latest", Text),
    Column("blocked", ARRAY(Text), nullable=False),
    Column("store_url", Text),
    Column("message", Text),
    Column("deadline_at", moment()),
    Column("changed_at", moment(), nullable=False),
    CheckConstraint("platform IN ('ios', 'android', 'web')", name="platform_is_known"),
    CheckConstraint("minimum IS NULL OR latest IS NOT NULL", name="a_minimum_is_in_the_store"),
)

client_policy_changes = Table(
    "client_policy_changes",
    metadata,
    Column("platform", Text, ForeignKey("client_policies.platform"), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("changed_at", moment(), nullable=False),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB, nullable=False),
)
