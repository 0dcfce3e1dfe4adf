"""Cards that are held before they are charged, what is wanted of a provider, and days compared with providers' lists."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Nothing was released before this: no table is large yet, and nobody writes meanwhile.
_PAYMENTS = """
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
ALTER TABLE payments
    ADD COLUMN capture text NOT NULL DEFAULT 'automatic',
    ADD COLUMN held_at timestamptz,
    ADD COLUMN wanted text,
    DROP CONSTRAINT ck_payments_answered_has_a_reference,
    ADD CONSTRAINT ck_payments_answered_has_a_reference
        CHECK (status IN ('created', 'failed') OR reference IS NOT NULL),
    ADD CONSTRAINT ck_payments_capture_is_known CHECK (capture IN ('automatic', 'manual')),
    ADD CONSTRAINT ck_payments_only_manual_is_held CHECK (held_at IS NULL OR capture = 'manual'),
    ADD CONSTRAINT ck_payments_only_open_is_wanted
        CHECK (wanted IS NULL OR (wanted IN ('capture', 'void') AND status IN ('created', 'pending')));
"""

_SANDBOX = """
ALTER TABLE sandbox_payments
    ADD COLUMN capture text NOT NULL DEFAULT 'automatic',
    DROP CONSTRAINT ck_sandbox_payments_status_is_known,
    ADD CONSTRAINT ck_sandbox_payments_status_is_known
        CHECK (status IN ('open', 'held', 'succeeded', 'declined', 'abandoned'));
"""

_DAYS = """
CREATE TABLE reconciled_days (
    provider text NOT NULL,
    day date NOT NULL,
    payments integer NOT NULL,
    differences integer NOT NULL,
    reconciled_at timestamptz NOT NULL,
    CONSTRAINT pk_reconciled_days PRIMARY KEY (provider, day),
    CONSTRAINT ck_reconciled_days_counts_not_negative CHECK (payments >= 0 AND differences >= 0)
);
CREATE TABLE payment_differences (
    id bigint GENERATED ALWAYS AS IDENTITY,
    provider text NOT NULL,
    day date NOT NULL,
    kind text NOT NULL,
    reference text NOT NULL,
    payment_id uuid,
    theirs text NOT NULL,
    ours text NOT NULL,
    found_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT pk_payment_differences PRIMARY KEY (id),
    CONSTRAINT uq_payment_differences_once UNIQUE (provider, day, kind, reference)
);
CREATE INDEX ix_payment_differences_open ON payment_differences (day) WHERE settled_at IS NULL;
"""


def upgrade() -> None:
    op.execute(_PAYMENTS)
    op.execute(_SANDBOX)
    op.execute(_DAYS)


def downgrade() -> None:
    op.execute("DROP TABLE payment_differences, reconciled_days")
    op.execute("DELETE FROM sandbox_payments WHERE status = 'held'")
    op.execute(
        "ALTER TABLE sandbox_payments DROP COLUMN capture, DROP CONSTRAINT ck_sandbox_payments_status_is_known, "
        "ADD CONSTRAINT ck_sandbox_payments_status_is_known "
        "CHECK (status IN ('open', 'succeeded', 'declined', 'abandoned'))"
    )
    op.execute(
        "ALTER TABLE payments DROP COLUMN wanted, DROP COLUMN held_at, DROP COLUMN capture, "
        "DROP CONSTRAINT ck_payments_answered_has_a_reference, "
        "ADD CONSTRAINT ck_payments_answered_has_a_reference CHECK (status = 'created' OR reference IS NOT NULL) NOT VALID"
    )
