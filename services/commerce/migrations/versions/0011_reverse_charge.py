"""Business buyers who owe the tax themselves: what organisers say of it, what was checked, and orders without tax."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Nothing was released before this: no table is large yet, and nobody writes meanwhile.
_REVERSE_CHARGE = """
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-creation
ALTER TABLE event_sale_settings ADD COLUMN reverse_charge boolean NOT NULL DEFAULT false;
ALTER TABLE orders ADD COLUMN reverse_charge boolean NOT NULL DEFAULT false;
ALTER TABLE orders ADD CONSTRAINT ck_orders_reverse_charge_holds_no_tax CHECK (NOT reverse_charge OR tax = 0);
ALTER TABLE buyer_details
    ADD COLUMN vat_check text,
    ADD COLUMN vat_checked_at timestamptz,
    ADD COLUMN vat_identifier text NOT NULL DEFAULT '';
ALTER TABLE buyer_details
    ADD CONSTRAINT ck_buyer_details_vat_check_is_known CHECK (vat_check IN ('valid', 'unavailable')),
    ADD CONSTRAINT ck_buyer_details_vat_check_is_dated CHECK ((vat_check IS NULL) = (vat_checked_at IS NULL)),
    ADD CONSTRAINT ck_buyer_details_good_vat_numbers_are_proven
        CHECK ((vat_check IS NOT DISTINCT FROM 'valid') = (vat_identifier <> ''));
CREATE TABLE vat_verdicts (
    vat_number text NOT NULL,
    requester text NOT NULL,
    valid boolean NOT NULL,
    identifier text NOT NULL,
    checked_at timestamptz NOT NULL,
    CONSTRAINT pk_vat_verdicts PRIMARY KEY (vat_number, requester),
    CONSTRAINT ck_vat_verdicts_good_numbers_are_proven CHECK (valid = (identifier <> ''))
);
CREATE INDEX ix_vat_verdicts_checked_at ON vat_verdicts (checked_at);
"""


def upgrade() -> None:
    op.execute(_REVERSE_CHARGE)


def downgrade() -> None:
    op.execute("DROP TABLE vat_verdicts")
    op.execute(
        "ALTER TABLE buyer_details DROP COLUMN vat_check, DROP COLUMN vat_checked_at, DROP COLUMN vat_identifier"
    )
    op.execute("ALTER TABLE orders DROP COLUMN reverse_charge")
    op.execute("ALTER TABLE event_sale_settings DROP COLUMN reverse_charge")
