"""Indexes that hold what jobs look for in the order they take it in, so that what was done long ago costs them nothing."""

from alembic import op

from common.house_tables import HOUSE_TABLES_2

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Nothing was released before this: no table is large yet, and nobody writes meanwhile.
_INDEXES = """
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
DROP INDEX ix_refunds_waiting, ix_payment_webhooks_waiting, ix_sandbox_notices_waiting, ix_webhook_deliveries_waiting;
CREATE INDEX ix_refunds_waiting ON refunds (next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX ix_payment_webhooks_waiting ON payment_webhooks (next_attempt_at, id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX ix_sandbox_notices_waiting ON sandbox_notices (next_attempt_at, id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX ix_webhook_deliveries_waiting ON webhook_deliveries (endpoint_id, next_attempt_at, number)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX ix_event_refund_runs_unfinished ON event_refund_runs (event_id) WHERE finished_at IS NULL;
CREATE INDEX ix_payments_created_at ON payments (created_at);
CREATE INDEX ix_sandbox_payments_made_at ON sandbox_payments (made_at);
"""


def upgrade() -> None:
    op.execute(HOUSE_TABLES_2)
    op.execute(_INDEXES)


def downgrade() -> None:
    op.execute("DROP INDEX ix_outbox_set_aside")
    op.execute("DROP INDEX ix_sandbox_payments_made_at, ix_payments_created_at, ix_event_refund_runs_unfinished")
    op.execute(
        "DROP INDEX ix_webhook_deliveries_waiting, ix_sandbox_notices_waiting, ix_payment_webhooks_waiting, "
        "ix_refunds_waiting"
    )
    op.execute("CREATE INDEX ix_refunds_waiting ON refunds (next_attempt_at) WHERE status = 'pending'")
    op.execute(
        "CREATE INDEX ix_payment_webhooks_waiting ON payment_webhooks (next_attempt_at) WHERE next_attempt_at IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX ix_sandbox_notices_waiting ON sandbox_notices (next_attempt_at) WHERE next_attempt_at IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX ix_webhook_deliveries_waiting ON webhook_deliveries (endpoint_id, next_attempt_at) "
        "WHERE next_attempt_at IS NOT NULL"
    )
