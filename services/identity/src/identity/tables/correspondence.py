"""What people are told, and what is written down about what they did."""

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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from common.db import TypedId, moment
from common.ids import NotificationId, UserId
from identity.tables.base import metadata

mails = Table(
    "mails",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("content", LargeBinary),
    Column("created_at", moment(), nullable=False),
    Column("next_attempt_at", moment(), nullable=False),
    Column("gives_up_at", moment(), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("sent_at", moment()),
    Column("failed_at", moment()),
    Column("last_error", Text),
    UniqueConstraint("key", name="uq_mails_key"),
    CheckConstraint("sent_at IS NULL OR failed_at IS NULL", name="sent_or_failed"),
    CheckConstraint(
        "(content IS NULL) = (sent_at IS NOT NULL OR failed_at IS NOT NULL)", name="content_is_kept_until_settled"
    ),
)
Index("ix_mails_due", mails.c.next_attempt_at, postgresql_where=text("sent_at IS NULL AND failed_at IS NULL"))
Index("ix_mails_created_at", mails.c.created_at)

notifications = Table(
    "notifications",
    metadata,
    Column("id", TypedId(NotificationId), primary_key=True),
    Column("user_id", TypedId(UserId), ForeignKey("users.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("link", Text),
    Column("created_at", moment(), nullable=False),
    Column("read_at", moment()),
    UniqueConstraint("user_id", "key", name="uq_notifications_one_per_key"),
)
Index("ix_notifications_by_user", notifications.c.user_id, notifications.c.id)
Index("ix_notifications_unread", notifications.c.user_id, postgresql_where=text("read_at IS NULL"))

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", moment(), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("address", Text),
    Column("details", JSONB(none_as_null=True), nullable=False),
)
Index("ix_audit_entries_by_target", audit_entries.c.target, audit_entries.c.id)
