"""Money that goes back: refunds, disputes, refunds of a cancelled event, payouts, and the ledger's accounts for all that."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Nothing was released before this: no table is large yet, and nobody writes meanwhile.
_REFUNDS = """
-- squawk-ignore-file ban-drop-not-null, ban-drop-constraint, constraint-missing-not-valid
-- squawk-ignore-file adding-foreign-key-constraint, require-concurrent-index-creation
CREATE TABLE refunds (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    payment_id uuid,
    provider text,
    status text NOT NULL,
    source text NOT NULL,
    origin text NOT NULL,
    origin_key text,
    amount bigint NOT NULL,
    fee_returned bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    forced boolean NOT NULL DEFAULT false,
    requested_by text NOT NULL,
    reference text,
    failure text,
    tries integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    CONSTRAINT pk_refunds PRIMARY KEY (id),
    CONSTRAINT fk_refunds_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT fk_refunds_payment_id FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT uq_refunds_origin_key UNIQUE (origin_key),
    CONSTRAINT uq_refunds_reference UNIQUE (provider, reference),
    CONSTRAINT ck_refunds_status_is_known CHECK (status IN ('pending', 'done', 'failed')),
    CONSTRAINT ck_refunds_source_is_known CHECK (source IN ('organiser_payable', 'unallocated')),
    CONSTRAINT ck_refunds_amount_not_negative CHECK (amount >= 0),
    CONSTRAINT ck_refunds_fee_is_within_the_amount CHECK (fee_returned BETWEEN 0 AND amount),
    CONSTRAINT ck_refunds_only_pending_is_tried CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT ck_refunds_done_is_dated CHECK (status <> 'done' OR settled_at IS NOT NULL)
);
CREATE INDEX ix_refunds_order_id ON refunds (order_id);
CREATE INDEX ix_refunds_payment_id ON refunds (payment_id);
CREATE INDEX ix_refunds_waiting ON refunds (next_attempt_at) WHERE status = 'pending';
CREATE TABLE refunded_admissions (
    line_id uuid NOT NULL,
    ordinal integer NOT NULL,
    refund_id uuid NOT NULL,
    CONSTRAINT pk_refunded_admissions PRIMARY KEY (line_id, ordinal),
    CONSTRAINT fk_refunded_admissions_line_id FOREIGN KEY (line_id, ordinal) REFERENCES admissions (line_id, ordinal),
    CONSTRAINT fk_refunded_admissions_refund_id FOREIGN KEY (refund_id) REFERENCES refunds (id)
);
CREATE INDEX ix_refunded_admissions_refund_id ON refunded_admissions (refund_id);
CREATE TABLE refunded_add_ons (
    refund_id uuid NOT NULL,
    line_id uuid NOT NULL,
    quantity integer NOT NULL,
    CONSTRAINT pk_refunded_add_ons PRIMARY KEY (refund_id, line_id),
    CONSTRAINT fk_refunded_add_ons_refund_id FOREIGN KEY (refund_id) REFERENCES refunds (id),
    CONSTRAINT fk_refunded_add_ons_line_id FOREIGN KEY (line_id) REFERENCES order_add_ons (id),
    CONSTRAINT ck_refunded_add_ons_quantity_is_something CHECK (quantity >= 1)
);
CREATE TABLE disputes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    provider text NOT NULL,
    reference text NOT NULL,
    payment_id uuid NOT NULL,
    order_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    status text NOT NULL,
    amount bigint NOT NULL,
    source text NOT NULL,
    held bigint NOT NULL,
    currency text NOT NULL,
    reason text,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT pk_disputes PRIMARY KEY (id),
    CONSTRAINT fk_disputes_payment_id FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT fk_disputes_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT uq_disputes_reference UNIQUE (provider, reference),
    CONSTRAINT ck_disputes_status_is_known CHECK (status IN ('open', 'won', 'lost')),
    CONSTRAINT ck_disputes_source_is_known CHECK (source IN ('organiser_payable', 'unallocated')),
    CONSTRAINT ck_disputes_amount_is_something CHECK (amount > 0),
    CONSTRAINT ck_disputes_holds_within_the_amount CHECK (held BETWEEN 0 AND amount),
    CONSTRAINT ck_disputes_closed_is_dated CHECK ((status = 'open') = (closed_at IS NULL))
);
CREATE INDEX ix_disputes_order_id ON disputes (order_id);
CREATE TABLE event_refund_runs (
    event_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    keeps_fees boolean NOT NULL DEFAULT false,
    cursor uuid,
    found_in_sweep integer NOT NULL DEFAULT 0,
    refunded integer NOT NULL DEFAULT 0,
    begun_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT pk_event_refund_runs PRIMARY KEY (event_id)
);
CREATE INDEX ix_event_refund_runs_begun_at ON event_refund_runs (begun_at);
"""

_PAYOUTS = """
CREATE TABLE payouts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    currency text NOT NULL,
    number integer NOT NULL,
    amount bigint NOT NULL,
    period_start timestamptz,
    period_end timestamptz NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT pk_payouts PRIMARY KEY (id),
    CONSTRAINT uq_payouts_number UNIQUE (organization_id, currency, number),
    CONSTRAINT ck_payouts_amount_is_something CHECK (amount > 0)
);
CREATE TABLE payout_lines (
    payout_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_name text NOT NULL,
    sales bigint NOT NULL,
    fees bigint NOT NULL,
    refunds bigint NOT NULL,
    held bigint NOT NULL,
    at_door bigint NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT pk_payout_lines PRIMARY KEY (payout_id, event_id),
    CONSTRAINT fk_payout_lines_payout_id FOREIGN KEY (payout_id) REFERENCES payouts (id),
    CONSTRAINT ck_payout_lines_adds_up CHECK (amount = sales - fees - refunds - held - at_door)
);
REVOKE UPDATE, DELETE ON payouts, payout_lines FROM commerce;
"""

_ACCOUNTS = (
    "'provider_receivable', 'organiser_payable', 'platform_fees', 'unallocated', 'refunds_due', 'dispute_held', "
    "'door_receivable', 'paid_out'"
)
_LEDGER = f"""
ALTER TABLE ledger_transfers
    ALTER COLUMN order_id DROP NOT NULL,
    ALTER COLUMN payment_id DROP NOT NULL,
    ALTER COLUMN provider DROP NOT NULL,
    ADD COLUMN refund_id uuid,
    ADD COLUMN dispute_id bigint,
    ADD COLUMN payout_id uuid,
    DROP CONSTRAINT ck_ledger_transfers_accounts_are_known,
    ADD CONSTRAINT ck_ledger_transfers_accounts_are_known
        CHECK (debit IN ({_ACCOUNTS}) AND credit IN ({_ACCOUNTS})),
    ADD CONSTRAINT ck_ledger_transfers_order_or_payout CHECK ((order_id IS NULL) = (payout_id IS NOT NULL)),
    ADD CONSTRAINT fk_ledger_transfers_refund_id FOREIGN KEY (refund_id) REFERENCES refunds (id),
    ADD CONSTRAINT fk_ledger_transfers_dispute_id FOREIGN KEY (dispute_id) REFERENCES disputes (id),
    ADD CONSTRAINT fk_ledger_transfers_payout_id FOREIGN KEY (payout_id) REFERENCES payouts (id);
CREATE INDEX ix_ledger_transfers_organization_id ON ledger_transfers (organization_id);
CREATE UNIQUE INDEX uq_ledger_transfers_order_once ON ledger_transfers (order_id, kind)
    WHERE kind IN ('charge', 'allocation', 'door_charge', 'platform_fee');
CREATE UNIQUE INDEX uq_ledger_transfers_refund_once ON ledger_transfers (refund_id, kind)
    WHERE kind IN ('refund_due', 'fee_returned');
CREATE UNIQUE INDEX uq_ledger_transfers_dispute_once ON ledger_transfers (dispute_id, kind) WHERE dispute_id IS NOT NULL;
CREATE UNIQUE INDEX uq_ledger_transfers_payout_once ON ledger_transfers (payout_id, kind) WHERE payout_id IS NOT NULL;
"""

_SANDBOX = """
CREATE TABLE sandbox_refunds (
    id text NOT NULL,
    payment text NOT NULL,
    key text,
    amount bigint NOT NULL,
    status text NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT pk_sandbox_refunds PRIMARY KEY (id),
    CONSTRAINT fk_sandbox_refunds_payment FOREIGN KEY (payment) REFERENCES sandbox_payments (id),
    CONSTRAINT uq_sandbox_refunds_key UNIQUE (key),
    CONSTRAINT ck_sandbox_refunds_amount_is_something CHECK (amount > 0)
);
CREATE INDEX ix_sandbox_refunds_payment ON sandbox_refunds (payment);
CREATE TABLE sandbox_disputes (
    id text NOT NULL,
    payment text NOT NULL,
    amount bigint NOT NULL,
    status text NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT pk_sandbox_disputes PRIMARY KEY (id),
    CONSTRAINT fk_sandbox_disputes_payment FOREIGN KEY (payment) REFERENCES sandbox_payments (id),
    CONSTRAINT uq_sandbox_disputes_payment UNIQUE (payment)
);
"""


def upgrade() -> None:
    for statements in (_REFUNDS, _PAYOUTS, _LEDGER, _SANDBOX):
        op.execute(statements)


def downgrade() -> None:
    op.execute("DELETE FROM ledger_transfers WHERE kind NOT IN ('charge', 'unallocated')")
    op.execute(
        "ALTER TABLE ledger_transfers DROP COLUMN refund_id, DROP COLUMN dispute_id, DROP COLUMN payout_id, "
        "DROP CONSTRAINT ck_ledger_transfers_accounts_are_known, ALTER COLUMN order_id SET NOT NULL, "
        "ALTER COLUMN payment_id SET NOT NULL, ALTER COLUMN provider SET NOT NULL, "
        "ADD CONSTRAINT ck_ledger_transfers_accounts_are_known CHECK ("
        "debit IN ('provider_receivable', 'organiser_payable', 'platform_fees', 'unallocated') AND "
        "credit IN ('provider_receivable', 'organiser_payable', 'platform_fees', 'unallocated'))"
    )
    op.execute("DROP INDEX ix_ledger_transfers_organization_id, uq_ledger_transfers_order_once")
    op.execute(
        "DROP TABLE sandbox_disputes, sandbox_refunds, payout_lines, payouts, event_refund_runs, disputes, "
        "refunded_add_ons, refunded_admissions, refunds"
    )
