"""Orders, their lines and admissions."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    and_,
    func,
    literal_column,
    text,
)

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import AddOnId, EventId, OrderId, OrderLineId, OrganizationId, PromoCodeId, TicketTierId, UserId

_CHARGE_ADDS_UP = "discount >= 0 AND tax_rate >= 0 AND tax >= 0 AND gross >= tax"


def _charge() -> list[Column[Any]]:
    """What a line comes to, in minor units; the rate is in thousandths of a percent."""
    return [
        Column("discount", BigInteger, nullable=False, server_default=text("0")),
        Column("tax_rate", Integer, nullable=False, server_default=text("0")),
        Column("tax", BigInteger, nullable=False, server_default=text("0")),
        Column("gross", BigInteger, nullable=False, server_default=text("0")),
    ]


orders = Table(
    "orders",
    metadata,
    Column("id", TypedId(OrderId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("event_name", Text, nullable=False),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("buyer_user_id", TypedId(UserId), nullable=False),
    Column("buyer_email", Text, nullable=False),
    Column("buyer_name", Text),
    Column("status", Text, nullable=False),
    Column("disputed", Boolean, nullable=False, server_default=text("false")),
    Column("holding", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("discount", BigInteger, nullable=False, server_default=text("0")),
    Column("tax", BigInteger, nullable=False, server_default=text("0")),
    Column("service_fee", BigInteger, nullable=False, server_default=text("0")),
    Column("platform_fee", BigInteger, nullable=False, server_default=text("0")),
    Column("platform_fee_passed_on", Boolean, nullable=False, server_default=text("false")),
    Column("prices_include_tax", Boolean, nullable=False, server_default=text("true")),
    Column("rounding", Text, nullable=False, server_default=text("'line'")),
    Column("reverse_charge", Boolean, nullable=False, server_default=text("false")),
    Column("captured", BigInteger, nullable=False, server_default=text("0")),
    Column("refunded", BigInteger, nullable=False, server_default=text("0")),
    Column("promo_code_id", TypedId(PromoCodeId)),
    Column("promo_code", Text),
    Column("origin", Text, nullable=False, server_default=text("'buyer'")),
    Column("capture", Text, nullable=False, server_default=text("'automatic'")),
    Column("cancel_until", moment()),
    Column("cancel_kept_rate", Integer, nullable=False, server_default=text("0")),
    Column("reserved_until", moment()),
    Column("approval_until", moment()),
    Column("page_token", Text, nullable=False),
    Column("traceparent", Text),
    Column("placed_at", moment(), nullable=False),
    Column("paid_at", moment()),
    Column("review_reason", Text),
    Column("made_by", Text),
    Column("taken_as", Text),
    # The version up to which its documents were written.
    Column("documented_version", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("page_token", name="uq_orders_page_token"),
    CheckConstraint(
        "status IN ('awaiting_payment', 'awaiting_approval', 'paid', 'partially_refunded', 'refunded', 'expired', "
        "'cancelled', 'review')",
        name="status_is_known",
    ),
    CheckConstraint("total >= 0", name="total_not_negative"),
    CheckConstraint("discount >= 0 AND tax >= 0 AND service_fee >= 0 AND platform_fee >= 0", name="parts_not_negative"),
    CheckConstraint("rounding IN ('line', 'sum_by_net', 'sum_by_net_keep_gross')", name="rounding_is_known"),
    CheckConstraint("NOT reverse_charge OR tax = 0", name="reverse_charge_holds_no_tax"),
    # The last guard of the sum that goes back: no two refunds side by side can exceed what came.
    CheckConstraint("refunded >= 0 AND refunded <= captured", name="never_refunded_more_than_captured"),
    CheckConstraint("origin IN ('buyer', 'organiser', 'door', 'waiting_list')", name="origin_is_known"),
    CheckConstraint("taken_as IN ('cash', 'card_terminal')", name="way_of_taking_is_known"),
    CheckConstraint("capture IN ('automatic', 'manual')", name="capture_is_known"),
    CheckConstraint("cancel_kept_rate BETWEEN 0 AND 100000", name="kept_rate_is_a_share"),
    CheckConstraint("length(page_token) >= 22", name="page_token_is_secret"),
    CheckConstraint("(status = 'awaiting_payment') = (reserved_until IS NOT NULL)", name="only_waiting_ends"),
    CheckConstraint("(status = 'awaiting_approval') = (approval_until IS NOT NULL)", name="only_undecided_ends"),
    CheckConstraint("status <> 'paid' OR paid_at IS NOT NULL", name="paid_is_dated"),
    CheckConstraint("status <> 'review' OR review_reason IS NOT NULL", name="review_has_a_reason"),
    CheckConstraint(
        "CASE status WHEN 'awaiting_payment' THEN holding = 'held' WHEN 'awaiting_approval' THEN holding = 'held' "
        "WHEN 'paid' THEN holding = 'sold' WHEN 'expired' THEN holding = 'released' "
        "WHEN 'cancelled' THEN holding = 'released' ELSE holding IN ('held', 'sold', 'released') END",
        name="holding_fits_status",
    ),
)
Index("ix_orders_buyer_user_id", orders.c.buyer_user_id, orders.c.id)
Index("ix_orders_event_id", orders.c.event_id, orders.c.id)
Index("ix_orders_organization_id", orders.c.organization_id, orders.c.id)
Index(
    "ix_orders_buyer_email",
    func.lower(orders.c.buyer_email).label("address"),
    postgresql_ops={"address": "text_pattern_ops"},
)

# Which rows an index holds is said once, for the index and for those who look there, and its words are part of the
# statement: of a mere value the server would not know, when it keeps a plan for all values, that the index has them all.
UNPAID: Final = orders.c.status == literal_column("'awaiting_payment'")
UNDECIDED: Final = orders.c.status == literal_column("'awaiting_approval'")
UNDOCUMENTED: Final = and_(
    orders.c.paid_at.is_not(None),
    orders.c.total > literal_column("0"),
    orders.c.documented_version < orders.c.version,
)
Index("ix_orders_undocumented", orders.c.id, postgresql_where=UNDOCUMENTED)
Index("ix_orders_waiting", orders.c.reserved_until, postgresql_where=UNPAID)
Index("ix_orders_undecided", orders.c.approval_until, postgresql_where=UNDECIDED)

order_lines = Table(
    "order_lines",
    metadata,
    Column("id", TypedId(OrderLineId), primary_key=True),
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("ticket_tier_id", TypedId(TicketTierId), nullable=False),
    Column("ticket_tier_name", Text, nullable=False),
    Column("unit_amount", BigInteger, nullable=False),
    *_charge(),
    UniqueConstraint("order_id", "place", name="uq_order_lines_place"),
    UniqueConstraint("order_id", "ticket_tier_id", name="uq_order_lines_ticket_tier"),
    CheckConstraint("unit_amount >= 0", name="price_not_negative"),
    CheckConstraint(_CHARGE_ADDS_UP, name="charge_adds_up"),
)

order_add_ons = Table(
    "order_add_ons",
    metadata,
    Column("id", TypedId(OrderLineId), primary_key=True),
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("add_on_id", TypedId(AddOnId), nullable=False),
    Column("add_on_name", Text, nullable=False),
    Column("unit_amount", BigInteger, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("returned", Integer, nullable=False, server_default=text("0")),
    *_charge(),
    UniqueConstraint("order_id", "place", name="uq_order_add_ons_place"),
    UniqueConstraint("order_id", "add_on_id", name="uq_order_add_ons_add_on"),
    CheckConstraint("unit_amount >= 0", name="price_not_negative"),
    CheckConstraint("quantity >= 1", name="quantity_is_something"),
    CheckConstraint("returned BETWEEN 0 AND quantity", name="returns_what_was_bought"),
    CheckConstraint(_CHARGE_ADDS_UP, name="charge_adds_up"),
)

admissions = Table(
    "admissions",
    metadata,
    Column("line_id", TypedId(OrderLineId), ForeignKey("order_lines.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("attendee_name", Text),
    Column("attendee_email", Text),
    Column("live", Boolean, nullable=False, server_default=text("true")),
    Column("admitted_at", moment()),
    CheckConstraint("ordinal >= 1", name="ordinal_counts_from_one"),
)
Index(
    "ix_admissions_attendee_email",
    func.lower(admissions.c.attendee_email).label("address"),
    postgresql_ops={"address": "text_pattern_ops"},
    postgresql_where=text("attendee_email IS NOT NULL"),
)
