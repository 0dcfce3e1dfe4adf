"""Waiting lists with timed offers, approval while the card is held, and what the order's page shows of passes."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Nothing was released before this: no table is large yet, and nobody writes meanwhile.
_WAITING = """
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid, require-concurrent-index-creation
ALTER TABLE stock
    ADD COLUMN waiting bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT ck_stock_waiting_not_negative CHECK (waiting >= 0);
CREATE TABLE waiting_list_entries (
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    ticket_tier_id uuid NOT NULL,
    user_id uuid NOT NULL,
    email text NOT NULL,
    name text,
    quantity integer NOT NULL,
    attendees jsonb NOT NULL DEFAULT '[]',
    priority integer NOT NULL DEFAULT 0,
    status text NOT NULL,
    joined_at timestamptz NOT NULL,
    offered_at timestamptz,
    order_id uuid,
    CONSTRAINT pk_waiting_list_entries PRIMARY KEY (id),
    CONSTRAINT fk_waiting_list_entries_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT ck_waiting_list_entries_quantity_is_something CHECK (quantity >= 1),
    CONSTRAINT ck_waiting_list_entries_status_is_known CHECK (status IN ('waiting', 'offered', 'left')),
    CONSTRAINT ck_waiting_list_entries_offer_is_an_order CHECK ((status = 'offered') = (order_id IS NOT NULL)),
    CONSTRAINT ck_waiting_list_entries_offer_is_dated CHECK ((status = 'offered') = (offered_at IS NOT NULL))
);
CREATE UNIQUE INDEX uq_waiting_list_entries_one_each ON waiting_list_entries (ticket_tier_id, user_id)
    WHERE status = 'waiting';
CREATE INDEX ix_waiting_list_entries_next ON waiting_list_entries (ticket_tier_id, priority DESC, id)
    WHERE status = 'waiting';
CREATE INDEX ix_waiting_list_entries_event_id ON waiting_list_entries (event_id, id);
CREATE INDEX ix_waiting_list_entries_user_id ON waiting_list_entries (user_id, id);
CREATE UNIQUE INDEX uq_waiting_list_entries_order_id ON waiting_list_entries (order_id);
CREATE TABLE waiting_list_settings (
    event_id uuid NOT NULL,
    offer_minutes integer NOT NULL,
    CONSTRAINT pk_waiting_list_settings PRIMARY KEY (event_id),
    CONSTRAINT ck_waiting_list_settings_offer_stands_a_while CHECK (offer_minutes BETWEEN 15 AND 43200)
);
"""

_APPROVAL = """
ALTER TABLE orders ADD COLUMN approval_until timestamptz;
UPDATE orders SET approval_until = now() + interval '6 days' WHERE status = 'awaiting_approval';
ALTER TABLE orders ADD CONSTRAINT ck_orders_only_undecided_ends
    CHECK ((status = 'awaiting_approval') = (approval_until IS NOT NULL));
CREATE INDEX ix_orders_undecided ON orders (approval_until) WHERE status = 'awaiting_approval';
CREATE TABLE order_approvals (
    order_id uuid NOT NULL,
    decision text NOT NULL,
    reason text,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT pk_order_approvals PRIMARY KEY (order_id),
    CONSTRAINT fk_order_approvals_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT ck_order_approvals_decision_is_known CHECK (decision IN ('approved', 'rejected')),
    CONSTRAINT ck_order_approvals_rejection_has_a_reason CHECK (decision = 'approved' OR reason IS NOT NULL)
);
"""

_SANDBOX = """
ALTER TABLE sandbox_payments
    ADD COLUMN held_until timestamptz,
    ADD COLUMN comes_at timestamptz,
    DROP CONSTRAINT ck_sandbox_payments_status_is_known,
    ADD CONSTRAINT ck_sandbox_payments_status_is_known
        CHECK (status IN ('open', 'confirming', 'late', 'held', 'succeeded', 'declined', 'abandoned')),
    ADD CONSTRAINT ck_sandbox_payments_late_comes_sometime CHECK (status <> 'late' OR comes_at IS NOT NULL);
"""

_PASSES = """
CREATE TABLE order_passes (
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    order_id uuid NOT NULL,
    pass_id uuid NOT NULL,
    generation integer NOT NULL,
    status text NOT NULL,
    ticket_tier_name text NOT NULL,
    attendee_name text,
    link_key text,
    CONSTRAINT pk_order_passes PRIMARY KEY (id)
);
CREATE INDEX ix_order_passes_order_id ON order_passes (order_id);
"""


def upgrade() -> None:
    op.execute(_WAITING)
    op.execute(_APPROVAL)
    op.execute(_SANDBOX)
    op.execute(_PASSES)


def downgrade() -> None:
    op.execute("UPDATE sandbox_payments SET status = 'open' WHERE status IN ('confirming', 'late')")
    op.execute(
        "ALTER TABLE sandbox_payments DROP COLUMN held_until, DROP COLUMN comes_at, "
        "DROP CONSTRAINT ck_sandbox_payments_status_is_known, "
        "ADD CONSTRAINT ck_sandbox_payments_status_is_known "
        "CHECK (status IN ('open', 'held', 'succeeded', 'declined', 'abandoned'))"
    )
    op.execute("DROP TABLE order_passes, order_approvals")
    op.execute("ALTER TABLE orders DROP COLUMN approval_until")
    op.execute("DROP TABLE waiting_list_settings, waiting_list_entries")
    op.execute("ALTER TABLE stock DROP COLUMN waiting")
