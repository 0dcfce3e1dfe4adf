"""Stock, orders, payments, the ledger, and the sandbox provider's own tables."""

from alembic import op

from common.house_tables import HOUSE_TABLES_1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COPIES = """
CREATE TABLE events (
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    organization_id uuid NOT NULL,
    workspace_id uuid,
    name text NOT NULL,
    status text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    timezone text NOT NULL,
    venue_name text,
    currency text,
    CONSTRAINT pk_events PRIMARY KEY (id)
);
CREATE TABLE ticket_tiers (
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    name text NOT NULL,
    price_amount bigint,
    price_currency text,
    sales_start_at timestamptz,
    sales_end_at timestamptz,
    min_per_order integer NOT NULL,
    max_per_order integer NOT NULL,
    retired boolean NOT NULL,
    CONSTRAINT pk_ticket_tiers PRIMARY KEY (id)
);
CREATE INDEX ix_ticket_tiers_event_id ON ticket_tiers (event_id);
"""

_ORDERS = """
CREATE TABLE stock (
    ticket_tier_id uuid NOT NULL,
    event_id uuid NOT NULL,
    capacity bigint NOT NULL,
    held bigint NOT NULL DEFAULT 0,
    sold bigint NOT NULL DEFAULT 0,
    word text NOT NULL DEFAULT 'available',
    version bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_stock PRIMARY KEY (ticket_tier_id),
    CONSTRAINT ck_stock_capacity_not_negative CHECK (capacity >= 0),
    CONSTRAINT ck_stock_held_not_negative CHECK (held >= 0),
    CONSTRAINT ck_stock_sold_not_negative CHECK (sold >= 0),
    CONSTRAINT ck_stock_word_is_known CHECK (word IN ('available', 'few', 'sold_out'))
) WITH (fillfactor = 20);
CREATE INDEX ix_stock_event_id ON stock (event_id);
CREATE TABLE orders (
    id uuid NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    event_name text NOT NULL,
    organization_id uuid NOT NULL,
    buyer_user_id uuid NOT NULL,
    buyer_email text NOT NULL,
    buyer_name text,
    status text NOT NULL,
    disputed boolean NOT NULL DEFAULT false,
    holding text NOT NULL,
    total bigint NOT NULL,
    currency text NOT NULL,
    reserved_until timestamptz,
    page_token text NOT NULL,
    traceparent text,
    placed_at timestamptz NOT NULL,
    paid_at timestamptz,
    review_reason text,
    CONSTRAINT pk_orders PRIMARY KEY (id),
    CONSTRAINT uq_orders_page_token UNIQUE (page_token),
    CONSTRAINT ck_orders_status_is_known CHECK (status IN ('awaiting_payment', 'awaiting_approval', 'paid',
        'partially_refunded', 'refunded', 'expired', 'cancelled', 'review')),
    CONSTRAINT ck_orders_total_not_negative CHECK (total >= 0),
    CONSTRAINT ck_orders_page_token_is_secret CHECK (length(page_token) >= 22),
    CONSTRAINT ck_orders_only_waiting_ends CHECK ((status = 'awaiting_payment') = (reserved_until IS NOT NULL)),
    CONSTRAINT ck_orders_paid_is_dated CHECK (status <> 'paid' OR paid_at IS NOT NULL),
    CONSTRAINT ck_orders_review_has_a_reason CHECK (status <> 'review' OR review_reason IS NOT NULL),
    CONSTRAINT ck_orders_holding_fits_status CHECK (CASE status
        WHEN 'awaiting_payment' THEN holding = 'held' WHEN 'awaiting_approval' THEN holding = 'held'
        WHEN 'paid' THEN holding = 'sold' WHEN 'expired' THEN holding = 'released'
        WHEN 'cancelled' THEN holding = 'released' ELSE holding IN ('held', 'sold', 'released') END)
) WITH (fillfactor = 85);
CREATE INDEX ix_orders_buyer_user_id ON orders (buyer_user_id, id);
CREATE INDEX ix_orders_event_id ON orders (event_id, id);
CREATE INDEX ix_orders_waiting ON orders (reserved_until) WHERE status = 'awaiting_payment';
CREATE TABLE order_lines (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    place smallint NOT NULL,
    ticket_tier_id uuid NOT NULL,
    ticket_tier_name text NOT NULL,
    unit_amount bigint NOT NULL,
    CONSTRAINT pk_order_lines PRIMARY KEY (id),
    CONSTRAINT fk_order_lines_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT uq_order_lines_place UNIQUE (order_id, place),
    CONSTRAINT uq_order_lines_ticket_tier UNIQUE (order_id, ticket_tier_id),
    CONSTRAINT ck_order_lines_price_not_negative CHECK (unit_amount >= 0)
);
CREATE TABLE admissions (
    line_id uuid NOT NULL,
    ordinal integer NOT NULL,
    attendee_name text,
    attendee_email text,
    live boolean NOT NULL DEFAULT true,
    admitted_at timestamptz,
    CONSTRAINT pk_admissions PRIMARY KEY (line_id, ordinal),
    CONSTRAINT fk_admissions_line_id FOREIGN KEY (line_id) REFERENCES order_lines (id),
    CONSTRAINT ck_admissions_ordinal_counts_from_one CHECK (ordinal >= 1)
);
"""

_PAYMENTS = """
CREATE TABLE payments (
    id uuid NOT NULL,
    version bigint NOT NULL,
    order_id uuid NOT NULL,
    provider text NOT NULL,
    status text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    reference text,
    checkout_url text,
    reason text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    next_check_at timestamptz,
    checks integer NOT NULL DEFAULT 0,
    CONSTRAINT pk_payments PRIMARY KEY (id),
    CONSTRAINT fk_payments_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT uq_payments_reference UNIQUE (provider, reference),
    CONSTRAINT ck_payments_status_is_known CHECK (status IN ('created', 'pending', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT ck_payments_amount_is_something CHECK (amount > 0),
    CONSTRAINT ck_payments_answered_has_a_reference CHECK (status = 'created' OR reference IS NOT NULL),
    CONSTRAINT ck_payments_only_open_is_checked
        CHECK ((status IN ('created', 'pending')) = (next_check_at IS NOT NULL))
);
CREATE INDEX ix_payments_order_id ON payments (order_id);
CREATE INDEX ix_payments_open ON payments (next_check_at) WHERE status IN ('created', 'pending');
CREATE TABLE payment_webhooks (
    id bigint GENERATED ALWAYS AS IDENTITY,
    provider text NOT NULL,
    event_key text NOT NULL,
    reference text NOT NULL,
    body bytea NOT NULL,
    traceparent text,
    received_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    handled_at timestamptz,
    outcome text,
    CONSTRAINT pk_payment_webhooks PRIMARY KEY (id),
    CONSTRAINT uq_payment_webhooks_event_key UNIQUE (provider, event_key),
    CONSTRAINT ck_payment_webhooks_handled_is_not_tried_again CHECK (handled_at IS NULL OR next_attempt_at IS NULL)
);
CREATE INDEX ix_payment_webhooks_waiting ON payment_webhooks (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE TABLE ledger_transfers (
    id bigint GENERATED ALWAYS AS IDENTITY,
    order_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    provider text NOT NULL,
    kind text NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT pk_ledger_transfers PRIMARY KEY (id),
    CONSTRAINT fk_ledger_transfers_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT fk_ledger_transfers_payment_id FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT ck_ledger_transfers_amount_is_something CHECK (amount > 0),
    CONSTRAINT ck_ledger_transfers_moves_between_accounts CHECK (debit <> credit),
    CONSTRAINT ck_ledger_transfers_accounts_are_known CHECK (
        debit IN ('provider_receivable', 'organiser_payable', 'platform_fees', 'unallocated') AND
        credit IN ('provider_receivable', 'organiser_payable', 'platform_fees', 'unallocated'))
);
CREATE INDEX ix_ledger_transfers_order_id ON ledger_transfers (order_id);
CREATE UNIQUE INDEX uq_ledger_transfers_payment_once ON ledger_transfers (payment_id)
    WHERE kind IN ('charge', 'unallocated');
REVOKE UPDATE, DELETE ON ledger_transfers FROM commerce;
"""

_SANDBOX = """
CREATE TABLE sandbox_payments (
    id text NOT NULL,
    payment_id uuid NOT NULL,
    order_id uuid NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    return_path text NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT pk_sandbox_payments PRIMARY KEY (id),
    CONSTRAINT uq_sandbox_payments_payment_id UNIQUE (payment_id),
    CONSTRAINT ck_sandbox_payments_status_is_known CHECK (status IN ('open', 'succeeded', 'declined', 'abandoned'))
);
CREATE TABLE sandbox_notices (
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    body text NOT NULL,
    made_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    last_answer text,
    CONSTRAINT pk_sandbox_notices PRIMARY KEY (id),
    CONSTRAINT uq_sandbox_notices_key UNIQUE (key)
);
CREATE INDEX ix_sandbox_notices_waiting ON sandbox_notices (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
"""

_TABLES = (
    "sandbox_notices, sandbox_payments, ledger_transfers, payment_webhooks, payments, admissions, order_lines, orders, "
    "stock, ticket_tiers, events, job_runs, idempotency_keys, dead_letters, inbox, outbox"
)


def upgrade() -> None:
    for statements in (HOUSE_TABLES_1, _COPIES, _ORDERS, _PAYMENTS, _SANDBOX):
        op.execute(statements)


def downgrade() -> None:
    op.execute(f"DROP TABLE {_TABLES}")
