"""The sandbox's own state: the provider's truth. commerce never reads these tables, it asks the provider."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import OrderId, PaymentId

sandbox_payments = Table(
    "sandbox_payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payment_id", TypedId(PaymentId), nullable=False),
    Column("order_id", TypedId(OrderId), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("capture", Text, nullable=False, server_default=text("'automatic'")),
    Column("status", Text, nullable=False),
    Column("return_path", Text, nullable=False),
    Column("held_until", moment()),
    Column("comes_at", moment()),
    Column("made_at", moment(), nullable=False),
    UniqueConstraint("payment_id", name="uq_sandbox_payments_payment_id"),
    CheckConstraint(
        "status IN ('open', 'confirming', 'late', 'held', 'succeeded', 'declined', 'abandoned')", name="status_is_known"
    ),
    CheckConstraint("status <> 'late' OR comes_at IS NOT NULL", name="late_comes_sometime"),
)
Index("ix_sandbox_payments_made_at", sandbox_payments.c.made_at)

sandbox_notices = Table(
    "sandbox_notices",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("made_at", moment(), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", moment()),
    Column("last_answer", Text),
    UniqueConstraint("key", name="uq_sandbox_notices_key"),
)
Index(
    "ix_sandbox_notices_waiting",
    sandbox_notices.c.next_attempt_at,
    sandbox_notices.c.id,
    postgresql_where=text("next_attempt_at IS NOT NULL"),
)

sandbox_refunds = Table(
    "sandbox_refunds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payment", Text, ForeignKey("sandbox_payments.id"), nullable=False),
    Column("key", Text),
    Column("amount", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("made_at", moment(), nullable=False),
    UniqueConstraint("key", name="uq_sandbox_refunds_key"),
    CheckConstraint("amount > 0", name="amount_is_something"),
)
Index("ix_sandbox_refunds_payment", sandbox_refunds.c.payment)

sandbox_disputes = Table(
    "sandbox_disputes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payment", Text, ForeignKey("sandbox_payments.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("made_at", moment(), nullable=False),
    UniqueConstraint("payment", name="uq_sandbox_disputes_payment"),
)
