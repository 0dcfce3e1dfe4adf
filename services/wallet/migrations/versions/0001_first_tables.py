"""The house's tables, copies of events, tiers, organisations and passes, and the wallet passes."""

from alembic import op

from common.house_tables import HOUSE_TABLES_1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(HOUSE_TABLES_1)
    op.execute(
        """
        CREATE TABLE organizations (
            id uuid NOT NULL,
            name text NOT NULL,
            sequence bigint NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_organizations PRIMARY KEY (id)
        );
        CREATE TABLE events (
            id uuid NOT NULL,
            organization_id uuid NOT NULL,
            name text NOT NULL,
            status text NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            timezone text NOT NULL,
            venue jsonb,
            sequence bigint NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_events PRIMARY KEY (id),
            CONSTRAINT ck_events_status_is_known CHECK (status IN ('draft', 'published', 'ended', 'cancelled'))
        );
        CREATE TABLE ticket_tiers (
            id uuid NOT NULL,
            name text NOT NULL,
            sequence bigint NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_ticket_tiers PRIMARY KEY (id)
        );
        CREATE TABLE passes (
            id uuid NOT NULL,
            order_id uuid NOT NULL,
            event_id uuid NOT NULL,
            organization_id uuid NOT NULL,
            ticket_tier_id uuid NOT NULL,
            ticket_tier_name text NOT NULL,
            status text NOT NULL,
            generation integer NOT NULL,
            code text NOT NULL,
            attendee_name text,
            holder_user_id uuid,
            buyer_user_id uuid NOT NULL,
            awaits_event boolean NOT NULL,
            sequence bigint NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_passes PRIMARY KEY (id),
            CONSTRAINT ck_passes_status_is_known CHECK (status IN ('issued', 'admitted', 'voided'))
        );
        CREATE INDEX ix_passes_awaiting_event ON passes (event_id) WHERE awaits_event;
        CREATE TABLE wallet_passes (
            id uuid NOT NULL,
            pass_id uuid NOT NULL,
            generation integer NOT NULL,
            event_id uuid NOT NULL,
            serial text NOT NULL,
            auth_token text NOT NULL,
            link_key text NOT NULL,
            code text NOT NULL,
            attendee_name text,
            holder_user_id uuid,
            status text NOT NULL,
            version bigint NOT NULL,
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            google_wanted_at timestamptz,
            google_put_at timestamptz,
            CONSTRAINT pk_wallet_passes PRIMARY KEY (id),
            CONSTRAINT fk_wallet_passes_pass_id FOREIGN KEY (pass_id) REFERENCES passes (id),
            CONSTRAINT uq_wallet_passes_one_per_generation UNIQUE (pass_id, generation),
            CONSTRAINT uq_wallet_passes_serial UNIQUE (serial),
            CONSTRAINT ck_wallet_passes_status_is_known CHECK (status IN ('live', 'voided')),
            CONSTRAINT ck_wallet_passes_secrets_are_long
                CHECK (length(serial) >= 16 AND length(auth_token) >= 16 AND length(link_key) >= 16),
            CONSTRAINT ck_wallet_passes_put_only_what_was_wanted
                CHECK (google_put_at IS NULL OR google_wanted_at IS NOT NULL)
        );
        CREATE UNIQUE INDEX uq_wallet_passes_one_live_per_pass ON wallet_passes (pass_id) WHERE status = 'live';
        CREATE INDEX ix_wallet_passes_live_by_event ON wallet_passes (event_id) WHERE status = 'live';
        CREATE INDEX ix_wallet_passes_at_google ON wallet_passes (id) WHERE google_wanted_at IS NOT NULL;
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE wallet_passes, passes, ticket_tiers, events, organizations")
    op.execute("DROP TABLE outbox, inbox, dead_letters, idempotency_keys, job_runs")
