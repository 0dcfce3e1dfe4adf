"""Organisers' own systems that hear of orders, what each is told, and how far the outbox was told on.

Webhooks that come in, from payment providers, are `payment_webhooks`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import MessageId, OrganizationId, WebhookEndpointId

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", TypedId(WebhookEndpointId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("url", Text, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("sealed_old_secret", LargeBinary),
    Column("old_secret_until", moment()),
    Column("disabled_reason", Text),
    Column("next_number", BigInteger, nullable=False, server_default=text("1")),
    Column("next_attempt_at", moment()),
    Column("held_until", moment(), nullable=False),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("failing_since", moment()),
    Column("made_at", moment(), nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    CheckConstraint("disabled_reason IN ('turned_off', 'gone', 'failing')", name="disabled_reason_is_known"),
    CheckConstraint("next_number >= 1", name="numbers_begin_with_one"),
)
Index("ix_webhook_endpoints_organization_id", webhook_endpoints.c.organization_id)
Index(
    "ix_webhook_endpoints_due",
    webhook_endpoints.c.next_attempt_at,
    postgresql_where=text("next_attempt_at IS NOT NULL AND disabled_reason IS NULL"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column(
        "endpoint_id",
        TypedId(WebhookEndpointId),
        ForeignKey("webhook_endpoints.id", name="fk_webhook_deliveries_endpoint_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("number", BigInteger, nullable=False),
    Column("message_id", TypedId(MessageId), nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("made_at", moment(), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", moment()),
    Column("last_attempt_at", moment()),
    Column("last_answer", Text),
    Column("delivered_at", moment()),
    PrimaryKeyConstraint("endpoint_id", "number", name="pk_webhook_deliveries"),
    UniqueConstraint("endpoint_id", "message_id", name="uq_webhook_deliveries_told_once"),
    CheckConstraint("delivered_at IS NULL OR next_attempt_at IS NULL", name="delivered_ones_wait_for_nothing"),
)
Index(
    "ix_webhook_deliveries_waiting",
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.next_attempt_at,
    webhook_deliveries.c.number,
    postgresql_where=text("next_attempt_at IS NOT NULL"),
)
Index("ix_webhook_deliveries_made_at", webhook_deliveries.c.made_at)

webhook_cursor = Table(
    "webhook_cursor",
    metadata,
    Column("one", Boolean, nullable=False, server_default=text("true")),
    Column("position", BigInteger, nullable=False),
    Column("horizon", BigInteger, nullable=False),
    Column("horizon_xid", BigInteger, nullable=False),
    PrimaryKeyConstraint("one", name="pk_webhook_cursor"),
    CheckConstraint("one", name="there_is_one"),
    CheckConstraint("position <= horizon", name="position_is_within_the_horizon"),
)
"""See `store/webhook_cursor.py`."""
