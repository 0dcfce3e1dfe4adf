"""Money that goes back: refunds and what they took, disputes, and the refunds of a cancelled event."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import EventId, OrderId, OrderLineId, OrganizationId, PaymentId, RefundId

# `origin_key` names what a refund is made for at most once: an order of a cancelled event, a payment too much. That the
# refunds of an order stay within what came for it is `orders.refunded` and its constraint.
refunds = Table(
    "refunds",
    metadata,
    Column("id", TypedId(RefundId), primary_key=True),
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), nullable=False),
    Column("payment_id", TypedId(PaymentId), ForeignKey("payments.id")),
    Column("provider", Text),
    Column("status", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("origin_key", Text),
    Column("amount", BigInteger, nullable=False),
    Column("fee_returned", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("forced", Boolean, nullable=False, server_default=text("false")),
    Column("requested_by", Text, nullable=False),
    Column("reference", Text),
    Column("failure", Text),
    Column("tries", Integer, nullable=False, server_default=text("1")),
    Column("created_at", moment(), nullable=False),
    Column("settled_at", moment()),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", moment()),
    UniqueConstraint("origin_key", name="uq_refunds_origin_key"),
    UniqueConstraint("provider", "reference", name="uq_refunds_reference"),
    CheckConstraint("status IN ('pending', 'done', 'failed')", name="status_is_known"),
    CheckConstraint("source IN ('organiser_payable', 'unallocated')", name="source_is_known"),
    CheckConstraint("amount >= 0", name="amount_not_negative"),
    CheckConstraint("fee_returned BETWEEN 0 AND amount", name="fee_is_within_the_amount"),
    CheckConstraint("(status = 'pending') = (next_attempt_at IS NOT NULL)", name="only_pending_is_tried"),
    CheckConstraint("status <> 'done' OR settled_at IS NOT NULL", name="done_is_dated"),
)
Index("ix_refunds_order_id", refunds.c.order_id)
Index("ix_refunds_payment_id", refunds.c.payment_id)
# Its words are part of each statement: see `tables/orders.py`. The index has the whole order they are taken in: where some
# of it is missing, all that is due is gathered and sorted for the first few, with every entry that was due since the table
# was cleaned last.
PENDING: Final = refunds.c.status == literal_column("'pending'")
Index("ix_refunds_waiting", refunds.c.next_attempt_at, refunds.c.id, postgresql_where=PENDING)

# An admission goes back once: its key is the whole primary key.
refunded_admissions = Table(
    "refunded_admissions",
    metadata,
    Column("line_id", TypedId(OrderLineId), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("refund_id", TypedId(RefundId), ForeignKey("refunds.id"), nullable=False),
    ForeignKeyConstraint(["line_id", "ordinal"], ["admissions.line_id", "admissions.ordinal"]),
)
Index("ix_refunded_admissions_refund_id", refunded_admissions.c.refund_id)

refunded_add_ons = Table(
    "refunded_add_ons",
    metadata,
    Column("refund_id", TypedId(RefundId), ForeignKey("refunds.id"), primary_key=True),
    Column("line_id", TypedId(OrderLineId), ForeignKey("order_add_ons.id"), primary_key=True),
    Column("quantity", Integer, nullable=False),
    CheckConstraint("quantity >= 1", name="quantity_is_something"),
)

disputes = Table(
    "disputes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("payment_id", TypedId(PaymentId), ForeignKey("payments.id"), nullable=False),
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), nullable=False),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("status", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text),
    Column("opened_at", moment(), nullable=False),
    Column("closed_at", moment()),
    UniqueConstraint("provider", "reference", name="uq_disputes_reference"),
    CheckConstraint("status IN ('open', 'won', 'lost')", name="status_is_known"),
    CheckConstraint("source IN ('organiser_payable', 'unallocated')", name="source_is_known"),
    CheckConstraint("amount > 0", name="amount_is_something"),
    CheckConstraint("held BETWEEN 0 AND amount", name="holds_within_the_amount"),
    CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed_is_dated"),
)
Index("ix_disputes_order_id", disputes.c.order_id)

# `cursor` is the last order looked at. A sweep that found nothing ends the run, once no transaction below `horizon_xid` runs.
event_refund_runs = Table(
    "event_refund_runs",
    metadata,
    Column("event_id", TypedId(EventId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("keeps_fees", Boolean, nullable=False, server_default=text("false")),
    Column("cursor", TypedId(OrderId)),
    Column("found_in_sweep", Integer, nullable=False, server_default=text("0")),
    Column("refunded", Integer, nullable=False, server_default=text("0")),
    Column("begun_at", moment(), nullable=False),
    Column("finished_at", moment()),
    Column("horizon_xid", BigInteger),
)
Index(
    "ix_event_refund_runs_unfinished",
    event_refund_runs.c.event_id,
    postgresql_where=event_refund_runs.c.finished_at.is_(None),
)

# Orders of cancelled events to be looked at beside the walk. It holds what is to be done and nothing else.
event_refunds_due = Table(
    "event_refunds_due",
    metadata,
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), primary_key=True),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", moment(), nullable=False),
)
Index("ix_event_refunds_due_next_attempt_at", event_refunds_due.c.next_attempt_at, event_refunds_due.c.order_id)
