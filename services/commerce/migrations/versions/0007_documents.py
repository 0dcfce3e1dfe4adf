"""What organisers file and find: receipts, invoices and credit notes with their numbers, and indexes for lists of orders."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Nothing was released before this: no table is large yet, and nobody writes meanwhile.
_LISTS = """
-- squawk-ignore-file require-concurrent-index-creation
CREATE INDEX ix_orders_organization_id ON orders (organization_id, id);
CREATE INDEX ix_orders_buyer_email ON orders (lower(buyer_email) text_pattern_ops);
CREATE INDEX ix_admissions_attendee_email ON admissions (lower(attendee_email) text_pattern_ops)
    WHERE attendee_email IS NOT NULL;
"""

# `documented_version` is the version of an order up to which its documents were written. No document, no index entry longer
# than a moment: what is left to do is found without looking at all orders.
_DUE = """
ALTER TABLE orders ADD COLUMN documented_version bigint NOT NULL DEFAULT 0;
CREATE INDEX ix_orders_undocumented ON orders (id)
    WHERE paid_at IS NOT NULL AND total > 0 AND documented_version < version;
"""

_DOCUMENTS = """
CREATE TABLE seller_details (
    organization_id uuid NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    tax_id text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT pk_seller_details PRIMARY KEY (organization_id)
);
CREATE TABLE buyer_details (
    order_id uuid NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    tax_id text NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_buyer_details PRIMARY KEY (order_id),
    CONSTRAINT fk_buyer_details_order_id FOREIGN KEY (order_id) REFERENCES orders (id)
);
CREATE TABLE document_counters (
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    last integer NOT NULL,
    CONSTRAINT pk_document_counters PRIMARY KEY (organization_id, kind),
    CONSTRAINT ck_document_counters_counts_from_one CHECK (last >= 1)
);
CREATE TABLE documents (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    order_id uuid NOT NULL,
    refund_id uuid,
    kind text NOT NULL,
    number integer NOT NULL,
    issued_at timestamptz NOT NULL,
    total bigint NOT NULL,
    currency text NOT NULL,
    paper jsonb NOT NULL,
    CONSTRAINT pk_documents PRIMARY KEY (id),
    CONSTRAINT fk_documents_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT fk_documents_refund_id FOREIGN KEY (refund_id) REFERENCES refunds (id),
    CONSTRAINT uq_documents_number UNIQUE (organization_id, kind, number),
    CONSTRAINT uq_documents_refund_once UNIQUE (refund_id),
    CONSTRAINT ck_documents_kind_is_known CHECK (kind IN ('invoice', 'receipt', 'credit_note')),
    CONSTRAINT ck_documents_numbers_count_from_one CHECK (number >= 1),
    CONSTRAINT ck_documents_credit_notes_are_of_refunds CHECK ((kind = 'credit_note') = (refund_id IS NOT NULL))
);
CREATE INDEX ix_documents_order_id ON documents (order_id);
CREATE UNIQUE INDEX uq_documents_sale_once ON documents (order_id) WHERE kind <> 'credit_note';
REVOKE UPDATE, DELETE ON documents FROM commerce;
CREATE TABLE order_resends (
    order_id uuid NOT NULL,
    number integer NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    CONSTRAINT pk_order_resends PRIMARY KEY (order_id, number),
    CONSTRAINT fk_order_resends_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT ck_order_resends_number_counts_from_one CHECK (number >= 1)
);
"""


def upgrade() -> None:
    for statements in (_LISTS, _DUE, _DOCUMENTS):
        op.execute(statements)


def downgrade() -> None:
    op.execute("DROP TABLE order_resends, documents, document_counters, buyer_details, seller_details")
    op.execute("DROP INDEX ix_orders_undocumented, ix_orders_organization_id")
    op.execute("DROP INDEX ix_orders_buyer_email, ix_admissions_attendee_email")
    op.execute("ALTER TABLE orders DROP COLUMN documented_version")
