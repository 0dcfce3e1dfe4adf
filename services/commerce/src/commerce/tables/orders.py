"""Stock, orders, their lines and admissions."""

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
    text,
)

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import EventId, OrderId, OrderLineId, OrganizationId, TicketTierId, UserId

# The one hot row of a sale. Narrow, without an index on what changes, so that each change stays within its page.
stock = Table(
    "stock",
    metadata,
    Column("ticket_tier_id", TypedId(TicketTierId), primary_key=True),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("capacity", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False, server_default=text("0")),
    Column("sold", BigInteger, nullable=False, server_default=text("0")),
    Column("word", Text, nullable=False, server_default=text("'available'")),
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    # That `held + sold` stays within `capacity` is no constraint, because an organiser may lower the capacity below what
    # is sold already: those tickets stay valid. `store.stock.take` refuses by its condition instead.
    CheckConstraint("capacity >= 0", name="capacity_not_negative"),
    CheckConstraint("held >= 0", name="held_not_negative"),
    CheckConstraint("sold >= 0", name="sold_not_negative"),
    CheckConstraint("word IN ('available', 'few', 'sold_out')", name="word_is_known"),
)
Index("ix_stock_event_id", stock.c.event_id)

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
    Column("reserved_until", moment()),
    Column("page_token", Text, nullable=False),
    Column("traceparent", Text),
    Column("placed_at", moment(), nullable=False),
    Column("paid_at", moment()),
    Column("review_reason", Text),
    UniqueConstraint("page_token", name="uq_orders_page_token"),
    CheckConstraint(
        "status IN ('awaiting_payment', 'awaiting_approval', 'paid', 'partially_refunded', 'refunded', 'expired', "
        "'cancelled', 'review')",
        name="status_is_known",
    ),
    CheckConstraint("total >= 0", name="total_not_negative"),
    CheckConstraint("length(page_token) >= 22", name="page_token_is_secret"),
    CheckConstraint("(status = 'awaiting_payment') = (reserved_until IS NOT NULL)", name="only_waiting_ends"),
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
Index("ix_orders_waiting", orders.c.reserved_until, postgresql_where=text("status = 'awaiting_payment'"))

order_lines = Table(
    "order_lines",
    metadata,
    Column("id", TypedId(OrderLineId), primary_key=True),
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("ticket_tier_id", TypedId(TicketTierId), nullable=False),
    Column("ticket_tier_name", Text, nullable=False),
    Column("unit_amount", BigInteger, nullable=False),
    UniqueConstraint("order_id", "place", name="uq_order_lines_place"),
    UniqueConstraint("order_id", "ticket_tier_id", name="uq_order_lines_ticket_tier"),
    CheckConstraint("unit_amount >= 0", name="price_not_negative"),
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
