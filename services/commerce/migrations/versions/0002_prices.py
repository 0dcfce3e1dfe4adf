"""How a total comes about: discounts, tax, fees and add-ons of each order, and what came and went back for it."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Nothing was released before this: no table is large yet, and nobody writes meanwhile.
_ORDERS = """
-- squawk-ignore-file constraint-missing-not-valid
ALTER TABLE orders
    ADD COLUMN discount bigint NOT NULL DEFAULT 0,
    ADD COLUMN tax bigint NOT NULL DEFAULT 0,
    ADD COLUMN service_fee bigint NOT NULL DEFAULT 0,
    ADD COLUMN platform_fee bigint NOT NULL DEFAULT 0,
    ADD COLUMN platform_fee_passed_on boolean NOT NULL DEFAULT false,
    ADD COLUMN prices_include_tax boolean NOT NULL DEFAULT true,
    ADD COLUMN rounding text NOT NULL DEFAULT 'line',
    ADD COLUMN captured bigint NOT NULL DEFAULT 0,
    ADD COLUMN refunded bigint NOT NULL DEFAULT 0,
    ADD COLUMN promo_code_id uuid,
    ADD COLUMN promo_code text,
    ADD COLUMN origin text NOT NULL DEFAULT 'buyer',
    ADD COLUMN capture text NOT NULL DEFAULT 'automatic',
    ADD COLUMN cancel_until timestamptz,
    ADD COLUMN cancel_kept_rate integer NOT NULL DEFAULT 0;
UPDATE orders SET captured = moved.amount
    FROM (SELECT order_id, sum(amount) AS amount FROM ledger_transfers GROUP BY order_id) AS moved
    WHERE moved.order_id = orders.id;
ALTER TABLE orders
    ADD CONSTRAINT ck_orders_parts_not_negative
        CHECK (discount >= 0 AND tax >= 0 AND service_fee >= 0 AND platform_fee >= 0),
    ADD CONSTRAINT ck_orders_rounding_is_known CHECK (rounding IN ('line', 'sum_by_net', 'sum_by_net_keep_gross')),
    ADD CONSTRAINT ck_orders_never_refunded_more_than_captured CHECK (refunded >= 0 AND refunded <= captured),
    ADD CONSTRAINT ck_orders_origin_is_known CHECK (origin IN ('buyer', 'organiser', 'door', 'waiting_list')),
    ADD CONSTRAINT ck_orders_capture_is_known CHECK (capture IN ('automatic', 'manual')),
    ADD CONSTRAINT ck_orders_kept_rate_is_a_share CHECK (cancel_kept_rate BETWEEN 0 AND 100000);
"""

_LINES = """
ALTER TABLE order_lines
    ADD COLUMN discount bigint NOT NULL DEFAULT 0,
    ADD COLUMN tax_rate integer NOT NULL DEFAULT 0,
    ADD COLUMN tax bigint NOT NULL DEFAULT 0,
    ADD COLUMN gross bigint NOT NULL DEFAULT 0;
UPDATE order_lines SET gross = unit_amount * (SELECT count(*) FROM admissions WHERE line_id = order_lines.id);
ALTER TABLE order_lines
    ADD CONSTRAINT ck_order_lines_charge_adds_up
        CHECK (discount >= 0 AND tax_rate >= 0 AND tax >= 0 AND gross >= tax);
CREATE TABLE order_add_ons (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    place smallint NOT NULL,
    add_on_id uuid NOT NULL,
    add_on_name text NOT NULL,
    unit_amount bigint NOT NULL,
    quantity integer NOT NULL,
    returned integer NOT NULL DEFAULT 0,
    discount bigint NOT NULL DEFAULT 0,
    tax_rate integer NOT NULL DEFAULT 0,
    tax bigint NOT NULL DEFAULT 0,
    gross bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_order_add_ons PRIMARY KEY (id),
    CONSTRAINT fk_order_add_ons_order_id FOREIGN KEY (order_id) REFERENCES orders (id),
    CONSTRAINT uq_order_add_ons_place UNIQUE (order_id, place),
    CONSTRAINT uq_order_add_ons_add_on UNIQUE (order_id, add_on_id),
    CONSTRAINT ck_order_add_ons_price_not_negative CHECK (unit_amount >= 0),
    CONSTRAINT ck_order_add_ons_quantity_is_something CHECK (quantity >= 1),
    CONSTRAINT ck_order_add_ons_returns_what_was_bought CHECK (returned BETWEEN 0 AND quantity),
    CONSTRAINT ck_order_add_ons_charge_adds_up
        CHECK (discount >= 0 AND tax_rate >= 0 AND tax >= 0 AND gross >= tax)
);
"""


def upgrade() -> None:
    op.execute(_ORDERS)
    op.execute(_LINES)


def downgrade() -> None:
    op.execute("DROP TABLE order_add_ons")
    op.execute("ALTER TABLE order_lines DROP COLUMN discount, DROP COLUMN tax_rate, DROP COLUMN tax, DROP COLUMN gross")
    op.execute(
        "ALTER TABLE orders DROP COLUMN discount, DROP COLUMN tax, DROP COLUMN service_fee, DROP COLUMN platform_fee, "
        "DROP COLUMN platform_fee_passed_on, DROP COLUMN prices_include_tax, DROP COLUMN rounding, DROP COLUMN captured, "
        "DROP COLUMN refunded, DROP COLUMN promo_code_id, DROP COLUMN promo_code, DROP COLUMN origin, "
        "DROP COLUMN capture, DROP COLUMN cancel_until, DROP COLUMN cancel_kept_rate"
    )
