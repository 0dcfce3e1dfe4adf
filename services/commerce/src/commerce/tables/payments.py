"""Payments, and what providers told us."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import OrderId, PaymentId

payments = Table(
    "payments",
    metadata,
    Column("id", TypedId(PaymentId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reference", Text),
    Column("checkout_url", Text),
    Column("reason", Text),
    Column("created_at", moment(), nullable=False),
    Column("settled_at", moment()),
    Column("next_check_at", moment()),
    Column("checks", Integer, nullable=False, server_default=text("0")),
    Column("capture", Text, nullable=False, server_default=text("'automatic'")),
    Column("held_at", moment()),
    Column("wanted", Text),
    UniqueConstraint("provider", "reference", name="uq_payments_reference"),
    CheckConstraint("status IN ('created', 'pending', 'succeeded', 'failed', 'cancelled')", name="status_is_known"),
    CheckConstraint("amount > 0", name="amount_is_something"),
    CheckConstraint("status IN ('created', 'failed') OR reference IS NOT NULL", name="answered_has_a_reference"),
    CheckConstraint("capture IN ('automatic', 'manual')", name="capture_is_known"),
    CheckConstraint("held_at IS NULL OR capture = 'manual'", name="only_manual_is_held"),
    CheckConstraint(
        "wanted IS NULL OR (wanted IN ('capture', 'void') AND status IN ('created', 'pending'))",
        name="only_open_is_wanted",
    ),
    CheckConstraint("(status IN ('created', 'pending')) = (next_check_at IS NOT NULL)", name="only_open_is_checked"),
)
# Its words are part of each statement: see `tables/orders.py`.
OPEN: Final = payments.c.status.in_((literal_column("'created'"), literal_column("'pending'")))
Index("ix_payments_order_id", payments.c.order_id)
Index("ix_payments_created_at", payments.c.created_at)
Index("ix_payments_open", payments.c.next_check_at, postgresql_where=OPEN)

payment_webhooks = Table(
    "payment_webhooks",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("event_key", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("traceparent", Text),
    Column("received_at", moment(), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", moment()),
    Column("handled_at", moment()),
    Column("outcome", Text),
    UniqueConstraint("provider", "event_key", name="uq_payment_webhooks_event_key"),
    CheckConstraint("handled_at IS NULL OR next_attempt_at IS NULL", name="handled_is_not_tried_again"),
)
Index(
    "ix_payment_webhooks_waiting",
    payment_webhooks.c.next_attempt_at,
    payment_webhooks.c.id,
    postgresql_where=text("next_attempt_at IS NOT NULL"),
)
