"""Add-ons with a stock of their own, a capacity that the tiers of an event share, and orders that staff make."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Nothing was released before this: no table is large yet, and nobody writes meanwhile.
_EVENT_CAPACITY = """
-- squawk-ignore-file constraint-missing-not-valid
ALTER TABLE stock ADD COLUMN shared boolean NOT NULL DEFAULT false;
CREATE TABLE event_capacity (
    event_id uuid NOT NULL,
    capacity bigint,
    held bigint NOT NULL DEFAULT 0,
    sold bigint NOT NULL DEFAULT 0,
    word text NOT NULL DEFAULT 'available',
    told boolean NOT NULL DEFAULT true,
    CONSTRAINT pk_event_capacity PRIMARY KEY (event_id),
    CONSTRAINT ck_event_capacity_capacity_not_negative CHECK (capacity >= 0),
    CONSTRAINT ck_event_capacity_held_not_negative CHECK (held >= 0),
    CONSTRAINT ck_event_capacity_sold_not_negative CHECK (sold >= 0),
    CONSTRAINT ck_event_capacity_word_is_known CHECK (word IN ('available', 'few', 'sold_out'))
) WITH (fillfactor = 20);
CREATE INDEX ix_event_capacity_untold ON event_capacity (event_id) WHERE NOT told;
"""

_ADD_ONS = """
CREATE TABLE add_ons (
    id uuid NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    price bigint NOT NULL,
    currency text NOT NULL,
    ticket_tier_ids uuid[] NOT NULL,
    max_per_ticket integer,
    max_per_order integer NOT NULL,
    sales_start_at timestamptz,
    sales_end_at timestamptz,
    tax_rate integer NOT NULL DEFAULT 0,
    retired boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_add_ons PRIMARY KEY (id),
    CONSTRAINT ck_add_ons_price_not_negative CHECK (price >= 0),
    CONSTRAINT ck_add_ons_ticket_takes_at_least_one CHECK (max_per_ticket >= 1),
    CONSTRAINT ck_add_ons_order_takes_at_least_one CHECK (max_per_order >= 1),
    CONSTRAINT ck_add_ons_tax_rate_is_a_share CHECK (tax_rate BETWEEN 0 AND 100000),
    CONSTRAINT ck_add_ons_sale_begins_before_it_ends CHECK (sales_start_at < sales_end_at)
);
CREATE INDEX ix_add_ons_event_id ON add_ons (event_id);
CREATE TABLE add_on_stock (
    add_on_id uuid NOT NULL,
    capacity bigint,
    held bigint NOT NULL DEFAULT 0,
    sold bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_add_on_stock PRIMARY KEY (add_on_id),
    CONSTRAINT fk_add_on_stock_add_on_id FOREIGN KEY (add_on_id) REFERENCES add_ons (id),
    CONSTRAINT ck_add_on_stock_capacity_not_negative CHECK (capacity >= 0),
    CONSTRAINT ck_add_on_stock_held_not_negative CHECK (held >= 0),
    CONSTRAINT ck_add_on_stock_sold_not_negative CHECK (sold >= 0)
) WITH (fillfactor = 20);
"""

_ORDERS = """
ALTER TABLE orders
    ADD COLUMN made_by text,
    ADD COLUMN taken_as text,
    ADD CONSTRAINT ck_orders_way_of_taking_is_known CHECK (taken_as IN ('cash', 'card_terminal'));
"""


def upgrade() -> None:
    op.execute(_ORDERS)
    op.execute(_EVENT_CAPACITY)
    op.execute(_ADD_ONS)


def downgrade() -> None:
    op.execute("DROP TABLE add_on_stock, add_ons, event_capacity")
    op.execute("ALTER TABLE stock DROP COLUMN shared")
    op.execute("ALTER TABLE orders DROP COLUMN made_by, DROP COLUMN taken_as")
