"""The first tables: the house's own, and those of events."""

from alembic import op

from common.house_tables import HOUSE_TABLES_1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE availabilities (
    ticket_tier_id uuid NOT NULL,
    availability text NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT pk_availabilities PRIMARY KEY (ticket_tier_id),
    CONSTRAINT ck_availabilities_availability_is_known CHECK (availability IN ('available', 'few', 'sold_out'))
);
CREATE TABLE events (
    id uuid NOT NULL,
    version bigint NOT NULL,
    organization_id uuid NOT NULL,
    workspace_id uuid,
    name text NOT NULL,
    slug text NOT NULL,
    description text,
    status text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    doors_open_at timestamptz,
    timezone text NOT NULL,
    venue jsonb,
    currency text,
    published_at timestamptz,
    CONSTRAINT pk_events PRIMARY KEY (id),
    CONSTRAINT uq_events_slug UNIQUE (slug),
    CONSTRAINT uq_events_id_and_currency UNIQUE (id, currency),
    CONSTRAINT ck_events_version_is_positive CHECK (version > 0),
    CONSTRAINT ck_events_slug_is_readable CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    CONSTRAINT ck_events_status_is_known CHECK (status IN ('draft', 'published', 'ended', 'cancelled')),
    CONSTRAINT ck_events_ends_after_it_starts CHECK (ends_at > starts_at),
    CONSTRAINT ck_events_doors_open_before_it_ends CHECK (doors_open_at < ends_at),
    CONSTRAINT ck_events_public_since_a_moment
        CHECK (status NOT IN ('published', 'ended') OR published_at IS NOT NULL)
);
CREATE INDEX ix_events_ending ON events (ends_at) WHERE status = 'published';
CREATE INDEX ix_events_organization_id ON events (organization_id, id);
CREATE INDEX ix_events_published ON events (id) WHERE status = 'published';
CREATE TABLE orders (
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    buyer_user_id uuid NOT NULL,
    status text NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT pk_orders PRIMARY KEY (id)
);
CREATE TABLE users (
    id uuid NOT NULL,
    email text NOT NULL,
    sequence bigint NOT NULL,
    heard_at timestamptz NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id)
);
CREATE INDEX ix_users_email ON users (email);
CREATE TABLE sessions (
    id uuid NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    room text,
    speakers text[] NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT pk_sessions PRIMARY KEY (id),
    CONSTRAINT ck_sessions_version_is_positive CHECK (version > 0),
    CONSTRAINT ck_sessions_ends_after_it_starts CHECK (ends_at > starts_at),
    CONSTRAINT fk_sessions_event_id FOREIGN KEY(event_id) REFERENCES events (id)
);
CREATE INDEX ix_sessions_event_id ON sessions (event_id, id);
CREATE TABLE ticket_tiers (
    id uuid NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    name text NOT NULL,
    price_amount bigint NOT NULL,
    price_currency text NOT NULL,
    charged_currency text,
    capacity integer NOT NULL,
    sales_start_at timestamptz,
    sales_end_at timestamptz,
    min_per_order integer NOT NULL,
    max_per_order integer NOT NULL,
    retired boolean NOT NULL,
    CONSTRAINT pk_ticket_tiers PRIMARY KEY (id),
    CONSTRAINT fk_ticket_tiers_one_currency_per_event
        FOREIGN KEY(event_id, charged_currency) REFERENCES events (id, currency),
    CONSTRAINT ck_ticket_tiers_version_is_positive CHECK (version > 0),
    CONSTRAINT ck_ticket_tiers_price_is_not_negative CHECK (price_amount >= 0),
    CONSTRAINT ck_ticket_tiers_only_a_price_binds_the_currency
        CHECK (CASE WHEN price_amount = 0 THEN charged_currency IS NULL
            ELSE charged_currency IS NOT NULL AND charged_currency = price_currency END),
    CONSTRAINT ck_ticket_tiers_capacity_is_not_negative CHECK (capacity >= 0),
    CONSTRAINT ck_ticket_tiers_sales_end_after_they_start CHECK (sales_end_at > sales_start_at),
    CONSTRAINT ck_ticket_tiers_fewest_not_above_most CHECK (min_per_order BETWEEN 1 AND max_per_order),
    CONSTRAINT fk_ticket_tiers_event_id FOREIGN KEY(event_id) REFERENCES events (id)
);
CREATE INDEX ix_ticket_tiers_event_id ON ticket_tiers (event_id, id);
CREATE TABLE passes (
    id uuid NOT NULL,
    version bigint NOT NULL,
    order_id uuid NOT NULL,
    line_id uuid NOT NULL,
    ordinal integer NOT NULL,
    event_id uuid NOT NULL,
    ticket_tier_id uuid NOT NULL,
    status text NOT NULL,
    generation integer NOT NULL,
    code text NOT NULL,
    attendee_name text,
    attendee_email text,
    holder_user_id uuid,
    holder_email text,
    buyer_user_id uuid NOT NULL,
    inside boolean NOT NULL,
    first_admitted_at timestamptz,
    first_gate_id uuid,
    CONSTRAINT pk_passes PRIMARY KEY (id),
    CONSTRAINT uq_passes_one_per_admission UNIQUE (line_id, ordinal),
    CONSTRAINT ck_passes_version_is_positive CHECK (version > 0),
    CONSTRAINT ck_passes_ordinals_begin_at_one CHECK (ordinal > 0),
    CONSTRAINT ck_passes_generation_fits_its_code CHECK (generation BETWEEN 1 AND 65535),
    CONSTRAINT ck_passes_status_is_known CHECK (status IN ('issued', 'admitted', 'voided')),
    CONSTRAINT ck_passes_nobody_entered_yet
        CHECK (status <> 'issued' OR (NOT inside AND first_admitted_at IS NULL)),
    CONSTRAINT ck_passes_entering_has_a_moment
        CHECK (first_admitted_at IS NOT NULL OR (status <> 'admitted' AND NOT inside)),
    CONSTRAINT ck_passes_somebody_holds_it CHECK (holder_user_id IS NOT NULL OR holder_email IS NOT NULL),
    CONSTRAINT fk_passes_event_id FOREIGN KEY(event_id) REFERENCES events (id),
    CONSTRAINT fk_passes_ticket_tier_id FOREIGN KEY(ticket_tier_id) REFERENCES ticket_tiers (id)
);
CREATE INDEX ix_passes_awaiting_holder ON passes (holder_email) WHERE holder_user_id IS NULL;
CREATE INDEX ix_passes_event_id ON passes (event_id);
CREATE INDEX ix_passes_holder_user_id ON passes (holder_user_id, id);
CREATE INDEX ix_passes_order_id ON passes (order_id);
CREATE TABLE check_ins (
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    pass_id uuid,
    direction text NOT NULL,
    reason text,
    gate_id uuid,
    scanner text NOT NULL,
    nonce text NOT NULL,
    code_digest bytea NOT NULL,
    scanned_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    inside boolean NOT NULL,
    first_admitted_at timestamptz,
    first_gate_id uuid,
    attendee_name text,
    ticket_tier_name text,
    CONSTRAINT pk_check_ins PRIMARY KEY (id),
    CONSTRAINT uq_check_ins_one_per_nonce UNIQUE (scanner, nonce),
    CONSTRAINT ck_check_ins_direction_is_known CHECK (direction IN ('in', 'out')),
    CONSTRAINT ck_check_ins_reason_is_known
        CHECK (reason IN ('already_admitted', 'voided', 'unknown', 'forged', 'wrong_event',
            'wrong_tier', 'not_yet_valid', 'expired', 'event_cancelled', 'full', 'unpaid')),
    CONSTRAINT ck_check_ins_only_a_pass_goes_through CHECK (reason IS NOT NULL OR pass_id IS NOT NULL),
    CONSTRAINT ck_check_ins_not_scanned_in_the_future CHECK (scanned_at <= recorded_at),
    CONSTRAINT fk_check_ins_event_id FOREIGN KEY(event_id) REFERENCES events (id),
    CONSTRAINT fk_check_ins_pass_id FOREIGN KEY(pass_id) REFERENCES passes (id)
);
CREATE INDEX ix_check_ins_event_id ON check_ins (event_id, id);
CREATE INDEX ix_check_ins_pass_id ON check_ins (pass_id, id) WHERE reason IS NULL;
"""


def upgrade() -> None:
    op.execute(HOUSE_TABLES_1)
    op.execute(_TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE check_ins, passes, ticket_tiers, sessions, users, orders, events, availabilities")
    op.execute("DROP TABLE job_runs, idempotency_keys, dead_letters, inbox, outbox")
