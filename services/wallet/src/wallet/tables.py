"""The tables: copies of what other services say, and the wallet passes, which are ours.

A copy carries the sequence of the message it came from and never goes back. `changed_at` is what a phone's
`If-Modified-Since` is compared with.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from common.db import TypedId, moment, new_metadata
from common.ids import EventId, OrderId, OrganizationId, PassId, TicketTierId, UserId, WalletPassId

metadata = new_metadata()

organizations = Table(
    "organizations",
    metadata,
    Column("id", TypedId(OrganizationId), primary_key=True),
    Column("name", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("changed_at", moment(), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", TypedId(EventId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("starts_at", moment(), nullable=False),
    Column("ends_at", moment(), nullable=False),
    Column("timezone", Text, nullable=False),
    Column("venue", JSONB(none_as_null=True)),
    Column("sequence", BigInteger, nullable=False),
    Column("changed_at", moment(), nullable=False),
    CheckConstraint("status IN ('draft', 'published', 'ended', 'cancelled')", name="status_is_known"),
)

ticket_tiers = Table(
    "ticket_tiers",
    metadata,
    Column("id", TypedId(TicketTierId), primary_key=True),
    Column("name", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("changed_at", moment(), nullable=False),
)

passes = Table(
    "passes",
    metadata,
    Column("id", TypedId(PassId), primary_key=True),
    Column("order_id", TypedId(OrderId), nullable=False),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("ticket_tier_id", TypedId(TicketTierId), nullable=False),
    Column("ticket_tier_name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("attendee_name", Text),
    Column("holder_user_id", TypedId(UserId)),
    Column("buyer_user_id", TypedId(UserId), nullable=False),
    Column("awaits_event", Boolean, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("changed_at", moment(), nullable=False),
    CheckConstraint("status IN ('issued', 'admitted', 'voided')", name="status_is_known"),
)
Index("ix_passes_awaiting_event", passes.c.event_id, postgresql_where=text("awaits_event"))

wallet_passes = Table(
    "wallet_passes",
    metadata,
    Column("id", TypedId(WalletPassId), primary_key=True),
    Column("pass_id", TypedId(PassId), ForeignKey("passes.id"), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("serial", Text, nullable=False),
    Column("auth_token", Text, nullable=False),
    Column("link_key", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("attendee_name", Text),
    Column("holder_user_id", TypedId(UserId)),
    Column("status", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("changed_at", moment(), nullable=False),
    Column("google_wanted_at", moment()),
    Column("google_put_at", moment()),
    UniqueConstraint("pass_id", "generation", name="uq_wallet_passes_one_per_generation"),
    UniqueConstraint("serial", name="uq_wallet_passes_serial"),
    CheckConstraint("status IN ('live', 'voided')", name="status_is_known"),
    CheckConstraint(
        "length(serial) >= 16 AND length(auth_token) >= 16 AND length(link_key) >= 16", name="secrets_are_long"
    ),
    CheckConstraint("google_put_at IS NULL OR google_wanted_at IS NOT NULL", name="put_only_what_was_wanted"),
)
Index(
    "uq_wallet_passes_one_live_per_pass",
    wallet_passes.c.pass_id,
    unique=True,
    postgresql_where=text("status = 'live'"),
)
Index("ix_wallet_passes_live_by_event", wallet_passes.c.event_id, postgresql_where=text("status = 'live'"))
Index(
    "ix_wallet_passes_at_google",
    wallet_passes.c.id,
    postgresql_where=text("google_wanted_at IS NOT NULL"),
)
