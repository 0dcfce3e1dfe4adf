"""Secrets of organisers' webhooks are kept sealed, and the columns say so. Orders of cancelled events are queued to be looked at
beside the walk over all of them.

What lies there unsealed is sealed by `./lanyard run webhooks:reseal`, as a migration has no key; until then it signs
nothing, and what is to be told waits. Nothing was released before this.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Nothing was released before this: nobody reads the old names meanwhile.
_RENAMED = """
-- squawk-ignore-file renaming-column
ALTER TABLE webhook_endpoints RENAME COLUMN secret TO sealed_secret;
ALTER TABLE webhook_endpoints RENAME COLUMN old_secret TO sealed_old_secret;
"""

# Nothing was released before this: no table is large yet, and nobody writes meanwhile.
_LATE = """
-- squawk-ignore-file require-concurrent-index-deletion
DROP INDEX ix_event_refund_runs_begun_at;
ALTER TABLE event_refund_runs ADD COLUMN horizon_xid bigint;
CREATE TABLE event_refunds_due (
    order_id uuid NOT NULL,
    event_id uuid NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    CONSTRAINT pk_event_refunds_due PRIMARY KEY (order_id),
    CONSTRAINT fk_event_refunds_due_order_id FOREIGN KEY (order_id) REFERENCES orders (id)
);
CREATE INDEX ix_event_refunds_due_next_attempt_at ON event_refunds_due (next_attempt_at, order_id);
"""


def upgrade() -> None:
    op.execute(_RENAMED)
    op.execute(_LATE)


def downgrade() -> None:
    op.execute("DROP TABLE event_refunds_due")
    op.execute("ALTER TABLE event_refund_runs DROP COLUMN horizon_xid")
    op.execute("CREATE INDEX ix_event_refund_runs_begun_at ON event_refund_runs (begun_at)")
    op.execute("ALTER TABLE webhook_endpoints RENAME COLUMN sealed_old_secret TO old_secret")
    op.execute("ALTER TABLE webhook_endpoints RENAME COLUMN sealed_secret TO secret")
