"""The house's tables, releases, deployments with what was heard of them, and client policies."""

from alembic import op

from common.house_tables import HOUSE_TABLES_1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(HOUSE_TABLES_1)
    op.execute("""
CREATE TABLE releases (
    id uuid NOT NULL,
    version bigint NOT NULL,
    release_version text NOT NULL,
    channel text NOT NULL,
    commit_hash text,
    notes jsonb NOT NULL,
    status text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    published_at timestamptz,
    yanked_at timestamptz,
    yank_reason text,
    CONSTRAINT pk_releases PRIMARY KEY (id),
    CONSTRAINT uq_releases_channel_version UNIQUE (channel, release_version),
    CONSTRAINT ck_releases_status_is_known CHECK (status IN ('draft', 'published', 'yanked')),
    CONSTRAINT ck_releases_published_has_its_moment CHECK ((status = 'draft') = (published_at IS NULL)),
    CONSTRAINT ck_releases_yanked_has_its_moment CHECK ((status = 'yanked') = (yanked_at IS NOT NULL)),
    CONSTRAINT ck_releases_yanked_has_its_reason CHECK ((status = 'yanked') = (yank_reason IS NOT NULL)),
    CONSTRAINT ck_releases_commit_is_a_hash CHECK (commit_hash ~ '^[0-9a-f]{7,64}$')
);
CREATE INDEX ix_releases_public ON releases (published_at DESC, id DESC) WHERE published_at IS NOT NULL;

CREATE TABLE deployments (
    id uuid NOT NULL,
    version bigint NOT NULL,
    provider text NOT NULL,
    external_id text NOT NULL,
    status text NOT NULL,
    last_word text NOT NULL,
    occurred_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    deployed_at timestamptz,
    failed_at timestamptz,
    project text,
    service text,
    environment text,
    ephemeral boolean NOT NULL,
    source text,
    branch text,
    commit_hash text,
    commit_message text,
    commit_author text,
    verified_at timestamptz,
    CONSTRAINT pk_deployments PRIMARY KEY (id),
    CONSTRAINT uq_deployments_provider_external_id UNIQUE (provider, external_id),
    CONSTRAINT ck_deployments_nothing_happens_before_the_start CHECK (started_at <= occurred_at),
    CONSTRAINT ck_deployments_commit_is_a_hash CHECK (commit_hash ~ '^[0-9a-f]{7,64}$')
);
CREATE INDEX ix_deployments_commit ON deployments (commit_hash text_pattern_ops);
CREATE INDEX ix_deployments_deployed_at ON deployments (deployed_at);

CREATE TABLE deployment_events (
    position bigint GENERATED ALWAYS AS IDENTITY,
    deployment_id uuid NOT NULL,
    digest text NOT NULL,
    word text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    report jsonb NOT NULL,
    CONSTRAINT pk_deployment_events PRIMARY KEY (position),
    CONSTRAINT uq_deployment_events_deployment_id_digest UNIQUE (deployment_id, digest),
    CONSTRAINT fk_deployment_events_deployment_id FOREIGN KEY (deployment_id) REFERENCES deployments (id)
);

CREATE TABLE client_policies (
    platform text NOT NULL,
    version bigint NOT NULL,
    minimum text,
    minimum_build bigint,
    latest text,
    blocked text[] NOT NULL,
    store_url text,
    message text,
    deadline_at timestamptz,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_client_policies PRIMARY KEY (platform),
    CONSTRAINT ck_client_policies_platform_is_known CHECK (platform IN ('ios', 'android', 'web')),
    CONSTRAINT ck_client_policies_a_minimum_is_in_the_store CHECK (minimum IS NULL OR latest IS NOT NULL)
);

CREATE TABLE client_policy_changes (
    platform text NOT NULL,
    version bigint NOT NULL,
    actor text NOT NULL,
    changed_at timestamptz NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    CONSTRAINT pk_client_policy_changes PRIMARY KEY (platform, version),
    CONSTRAINT fk_client_policy_changes_platform FOREIGN KEY (platform) REFERENCES client_policies (platform)
);

-- What was heard and who changed what is history: the service may add to it and read it, and nothing else.
REVOKE UPDATE, DELETE ON deployment_events, client_policy_changes FROM releases;
""")


def downgrade() -> None:
    op.execute("""
DROP TABLE client_policy_changes, client_policies, deployment_events, deployments, releases;
DROP TABLE outbox, inbox, dead_letters, idempotency_keys, job_runs;
""")
