"""How organisers sell: settings of events and of tiers, promo codes and automatic discounts."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SETTINGS = """
CREATE TABLE event_sale_settings (
    event_id uuid NOT NULL,
    version bigint NOT NULL,
    prices_include_tax boolean NOT NULL,
    rounding text NOT NULL,
    currency text,
    service_fee_per_order bigint NOT NULL,
    service_fee_per_ticket bigint NOT NULL,
    platform_fee_passed_on boolean NOT NULL,
    cancel_hours_before integer,
    cancel_kept_rate integer NOT NULL,
    late_payment text NOT NULL,
    refund_keeps_fees boolean NOT NULL,
    waiting_list boolean NOT NULL,
    hold_minutes integer NOT NULL,
    capacity bigint,
    CONSTRAINT pk_event_sale_settings PRIMARY KEY (event_id),
    CONSTRAINT ck_event_sale_settings_rounding_is_known
        CHECK (rounding IN ('line', 'sum_by_net', 'sum_by_net_keep_gross')),
    CONSTRAINT ck_event_sale_settings_fees_not_negative
        CHECK (service_fee_per_order >= 0 AND service_fee_per_ticket >= 0),
    CONSTRAINT ck_event_sale_settings_fees_have_a_currency
        CHECK (currency IS NOT NULL OR (service_fee_per_order = 0 AND service_fee_per_ticket = 0)),
    CONSTRAINT ck_event_sale_settings_cancellation_ends_before_the_start CHECK (cancel_hours_before >= 0),
    CONSTRAINT ck_event_sale_settings_kept_rate_is_a_share CHECK (cancel_kept_rate BETWEEN 0 AND 100000),
    CONSTRAINT ck_event_sale_settings_late_payment_is_known
        CHECK (late_payment IN ('complete_or_refund', 'complete_or_review', 'refund')),
    CONSTRAINT ck_event_sale_settings_hold_is_bounded CHECK (hold_minutes BETWEEN 5 AND 60),
    CONSTRAINT ck_event_sale_settings_capacity_not_negative CHECK (capacity >= 0)
);
CREATE TABLE tier_sale_settings (
    ticket_tier_id uuid NOT NULL,
    version bigint NOT NULL,
    tax_rate integer NOT NULL,
    requires_approval boolean NOT NULL,
    hidden_until_code boolean NOT NULL,
    CONSTRAINT pk_tier_sale_settings PRIMARY KEY (ticket_tier_id),
    CONSTRAINT ck_tier_sale_settings_tax_rate_is_a_share CHECK (tax_rate BETWEEN 0 AND 100000)
);
"""

_PROMO_CODES = """
CREATE TABLE promo_codes (
    id uuid NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    code text,
    name text NOT NULL,
    kind text NOT NULL,
    rate integer NOT NULL,
    amount bigint NOT NULL,
    currency text,
    max_uses bigint,
    budget bigint,
    ticket_tier_ids uuid[] NOT NULL,
    valid_from timestamptz,
    valid_until timestamptz,
    min_tickets integer NOT NULL,
    disabled boolean NOT NULL,
    held_uses bigint NOT NULL DEFAULT 0,
    used_uses bigint NOT NULL DEFAULT 0,
    held_amount bigint NOT NULL DEFAULT 0,
    used_amount bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_promo_codes PRIMARY KEY (id),
    CONSTRAINT uq_promo_codes_code UNIQUE (event_id, code),
    CONSTRAINT ck_promo_codes_kind_is_known CHECK (kind IN ('percent', 'fixed_per_order', 'fixed_per_ticket')),
    CONSTRAINT ck_promo_codes_rate_is_a_share CHECK (rate BETWEEN 0 AND 100000),
    CONSTRAINT ck_promo_codes_amount_not_negative CHECK (amount >= 0),
    CONSTRAINT ck_promo_codes_max_uses_not_negative CHECK (max_uses >= 0),
    CONSTRAINT ck_promo_codes_budget_not_negative CHECK (budget >= 0),
    CONSTRAINT ck_promo_codes_money_has_a_currency CHECK (currency IS NOT NULL OR (amount = 0 AND budget IS NULL)),
    CONSTRAINT ck_promo_codes_begins_before_it_ends CHECK (valid_from < valid_until),
    CONSTRAINT ck_promo_codes_takes_a_ticket CHECK (min_tickets >= 1),
    CONSTRAINT ck_promo_codes_uses_not_negative CHECK (held_uses >= 0 AND used_uses >= 0),
    CONSTRAINT ck_promo_codes_amounts_not_negative CHECK (held_amount >= 0 AND used_amount >= 0)
) WITH (fillfactor = 50);
CREATE INDEX ix_promo_codes_automatic ON promo_codes (event_id) WHERE code IS NULL AND NOT disabled;
"""


def upgrade() -> None:
    op.execute(_SETTINGS)
    op.execute(_PROMO_CODES)


def downgrade() -> None:
    op.execute("DROP TABLE promo_codes, tier_sale_settings, event_sale_settings")
