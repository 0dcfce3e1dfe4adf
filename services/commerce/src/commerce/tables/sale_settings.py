"""How organisers sell, and what takes something off. No foreign key leads to copies: they may be emptied and rebuilt."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import EventId, PromoCodeId, TicketTierId

event_sale_settings = Table(
    "event_sale_settings",
    metadata,
    Column("event_id", TypedId(EventId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("prices_include_tax", Boolean, nullable=False),
    Column("rounding", Text, nullable=False),
    Column("currency", Text),
    Column("service_fee_per_order", BigInteger, nullable=False),
    Column("service_fee_per_ticket", BigInteger, nullable=False),
    Column("platform_fee_passed_on", Boolean, nullable=False),
    Column("cancel_hours_before", Integer),
    Column("cancel_kept_rate", Integer, nullable=False),
    Column("late_payment", Text, nullable=False),
    Column("refund_keeps_fees", Boolean, nullable=False),
    Column("waiting_list", Boolean, nullable=False),
    Column("hold_minutes", Integer, nullable=False),
    Column("capacity", BigInteger),
    Column("reverse_charge", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("rounding IN ('line', 'sum_by_net', 'sum_by_net_keep_gross')", name="rounding_is_known"),
    CheckConstraint("service_fee_per_order >= 0 AND service_fee_per_ticket >= 0", name="fees_not_negative"),
    CheckConstraint(
        "currency IS NOT NULL OR (service_fee_per_order = 0 AND service_fee_per_ticket = 0)",
        name="fees_have_a_currency",
    ),
    CheckConstraint("cancel_hours_before >= 0", name="cancellation_ends_before_the_start"),
    CheckConstraint("cancel_kept_rate BETWEEN 0 AND 100000", name="kept_rate_is_a_share"),
    CheckConstraint(
        "late_payment IN ('complete_or_refund', 'complete_or_review', 'refund')", name="late_payment_is_known"
    ),
    CheckConstraint("hold_minutes BETWEEN 5 AND 60", name="hold_is_bounded"),
    CheckConstraint("capacity >= 0", name="capacity_not_negative"),
)

tier_sale_settings = Table(
    "tier_sale_settings",
    metadata,
    Column("ticket_tier_id", TypedId(TicketTierId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("tax_rate", Integer, nullable=False),
    Column("requires_approval", Boolean, nullable=False),
    Column("hidden_until_code", Boolean, nullable=False),
    CheckConstraint("tax_rate BETWEEN 0 AND 100000", name="tax_rate_is_a_share"),
)

# Uses and money are counted here and guarded by one update. That they stay within `max_uses` and `budget` is no constraint,
# because an organiser may lower those below what is used already.
promo_codes = Table(
    "promo_codes",
    metadata,
    Column("id", TypedId(PromoCodeId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("code", Text),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rate", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text),
    Column("max_uses", BigInteger),
    Column("budget", BigInteger),
    Column("ticket_tier_ids", ARRAY(TypedId(TicketTierId)), nullable=False),
    Column("valid_from", moment()),
    Column("valid_until", moment()),
    Column("min_tickets", Integer, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("held_uses", BigInteger, nullable=False, server_default=text("0")),
    Column("used_uses", BigInteger, nullable=False, server_default=text("0")),
    Column("held_amount", BigInteger, nullable=False, server_default=text("0")),
    Column("used_amount", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("event_id", "code", name="uq_promo_codes_code"),
    CheckConstraint("kind IN ('percent', 'fixed_per_order', 'fixed_per_ticket')", name="kind_is_known"),
    CheckConstraint("rate BETWEEN 0 AND 100000", name="rate_is_a_share"),
    CheckConstraint("amount >= 0", name="amount_not_negative"),
    CheckConstraint("max_uses >= 0", name="max_uses_not_negative"),
    CheckConstraint("budget >= 0", name="budget_not_negative"),
    CheckConstraint("currency IS NOT NULL OR (amount = 0 AND budget IS NULL)", name="money_has_a_currency"),
    CheckConstraint("valid_from < valid_until", name="begins_before_it_ends"),
    CheckConstraint("min_tickets >= 1", name="takes_a_ticket"),
    CheckConstraint("held_uses >= 0 AND used_uses >= 0", name="uses_not_negative"),
    CheckConstraint("held_amount >= 0 AND used_amount >= 0", name="amounts_not_negative"),
)
Index(
    "ix_promo_codes_automatic",
    promo_codes.c.event_id,
    postgresql_where=text("code IS NULL AND NOT disabled"),
)
