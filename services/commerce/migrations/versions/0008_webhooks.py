"""Copies of organisations, and webhooks that tell organisers' own systems of orders."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ORGANIZATIONS = """
CREATE TABLE organizations (
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    name text NOT NULL,
    suspended boolean NOT NULL,
    backer_tiers text[] NOT NULL DEFAULT '{}',
    CONSTRAINT pk_organizations PRIMARY KEY (id)
);
"""

_ENDPOINTS = """
CREATE TABLE webhook_endpoints (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    url text NOT NULL,
    types text[] NOT NULL,
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamptz,
    disabled_reason text,
    next_number bigint NOT NULL DEFAULT 1,
    next_attempt_at timestamptz,
    held_until timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    made_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_webhook_endpoints PRIMARY KEY (id),
    CONSTRAINT ck_webhook_endpoints_disabled_reason_is_known
        CHECK (disabled_reason IN ('turned_off', 'gone', 'failing')),
    CONSTRAINT ck_webhook_endpoints_numbers_begin_with_one CHECK (next_number >= 1)
);
CREATE INDEX ix_webhook_endpoints_organization_id ON webhook_endpoints (organization_id);
CREATE INDEX ix_webhook_endpoints_due ON webhook_endpoints (next_attempt_at)
    WHERE next_attempt_at IS NOT NULL AND disabled_reason IS NULL;
"""

_DELIVERIES = """
CREATE TABLE webhook_deliveries (
    endpoint_id uuid NOT NULL,
    number bigint NOT NULL,
    message_id uuid NOT NULL,
    type text NOT NULL,
    body text NOT NULL,
    made_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    last_attempt_at timestamptz,
    last_answer text,
    delivered_at timestamptz,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (endpoint_id, number),
    CONSTRAINT fk_webhook_deliveries_endpoint_id
        FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    CONSTRAINT uq_webhook_deliveries_told_once UNIQUE (endpoint_id, message_id),
    CONSTRAINT ck_webhook_deliveries_delivered_ones_wait_for_nothing
        CHECK (delivered_at IS NULL OR next_attempt_at IS NULL)
);
CREATE INDEX ix_webhook_deliveries_waiting ON webhook_deliveries (endpoint_id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX ix_webhook_deliveries_made_at ON webhook_deliveries (made_at);
"""

_CURSOR = """
CREATE TABLE webhook_cursor (
    one boolean NOT NULL DEFAULT true,
    position bigint NOT NULL,
    horizon bigint NOT NULL,
    horizon_xid bigint NOT NULL,
    CONSTRAINT pk_webhook_cursor PRIMARY KEY (one),
    CONSTRAINT ck_webhook_cursor_there_is_one CHECK (one),
    CONSTRAINT ck_webhook_cursor_position_is_within_the_horizon CHECK (position <= horizon)
);
INSERT INTO webhook_cursor (position, horizon, horizon_xid)
    SELECT coalesce(max(position), 0), coalesce(max(position), 0), 0 FROM outbox;
"""


def upgrade() -> None:
    op.execute(_ORGANIZATIONS)
    op.execute(_ENDPOINTS)
    op.execute(_DELIVERIES)
    op.execute(_CURSOR)


def downgrade() -> None:
    op.execute("DROP TABLE webhook_cursor")
    op.execute("DROP TABLE webhook_deliveries")
    op.execute("DROP TABLE webhook_endpoints")
    op.execute("DROP TABLE organizations")
