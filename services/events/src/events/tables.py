"""The tables: what events owns, and at the end small copies of what other services say.

A copy carries the sequence of the message it came from and never goes back; it has no foreign key, so that it can be
emptied and rebuilt. One currency per event is a foreign key: a tier that costs something points at (event, currency).
"""

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
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from common.db import TypedId, moment, new_metadata
from common.ids import (
    CheckInId,
    EventId,
    GateId,
    OrderId,
    OrderLineId,
    OrganizationId,
    PassId,
    SessionId,
    TicketTierId,
    UserId,
    WorkspaceId,
)

metadata = new_metadata()

events = Table(
    "events",
    metadata,
    Column("id", TypedId(EventId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("workspace_id", TypedId(WorkspaceId)),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("description", Text),
    Column("status", Text, nullable=False),
    Column("starts_at", moment(), nullable=False),
    Column("ends_at", moment(), nullable=False),
    Column("doors_open_at", moment()),
    Column("timezone", Text, nullable=False),
    Column("venue", JSONB(none_as_null=True)),
    Column("currency", Text),
    Column("published_at", moment()),
    UniqueConstraint("slug", name="uq_events_slug"),
    UniqueConstraint("id", "currency", name="uq_events_id_and_currency"),
    CheckConstraint("version > 0", name="version_is_positive"),
    CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug_is_readable"),
    CheckConstraint("status IN ('draft', 'published', 'ended', 'cancelled')", name="status_is_known"),
    CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
    CheckConstraint("doors_open_at < ends_at", name="doors_open_before_it_ends"),
    CheckConstraint("status NOT IN ('published', 'ended') OR published_at IS NOT NULL", name="public_since_a_moment"),
)
Index("ix_events_organization_id", events.c.organization_id, events.c.id)
Index("ix_events_published", events.c.id, postgresql_where=text("status = 'published'"))
Index("ix_events_ending", events.c.ends_at, postgresql_where=text("status = 'published'"))

ticket_tiers = Table(
    "ticket_tiers",
    metadata,
    Column("id", TypedId(TicketTierId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("event_id", TypedId(EventId), ForeignKey("events.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("price_amount", BigInteger, nullable=False),
    Column("price_currency", Text, nullable=False),
    Column("charged_currency", Text),
    Column("capacity", Integer, nullable=False),
    Column("sales_start_at", moment()),
    Column("sales_end_at", moment()),
    Column("min_per_order", Integer, nullable=False),
    Column("max_per_order", Integer, nullable=False),
    Column("retired", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["event_id", "charged_currency"],
        ["events.id", "events.currency"],
        name="fk_ticket_tiers_one_currency_per_event",
    ),
    CheckConstraint("version > 0", name="version_is_positive"),
    CheckConstraint("price_amount >= 0", name="price_is_not_negative"),
    CheckConstraint(
        "CASE WHEN price_amount = 0 THEN charged_currency IS NULL "
        "ELSE charged_currency IS NOT NULL AND charged_currency = price_currency END",
        name="only_a_price_binds_the_currency",
    ),
    CheckConstraint("capacity >= 0", name="capacity_is_not_negative"),
    CheckConstraint("sales_end_at > sales_start_at", name="sales_end_after_they_start"),
    CheckConstraint("min_per_order BETWEEN 1 AND max_per_order", name="fewest_not_above_most"),
)
Index("ix_ticket_tiers_event_id", ticket_tiers.c.event_id, ticket_tiers.c.id)

sessions = Table(
    "sessions",
    metadata,
    Column("id", TypedId(SessionId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("event_id", TypedId(EventId), ForeignKey("events.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("room", Text),
    Column("speakers", ARRAY(Text), nullable=False),
    Column("starts_at", moment(), nullable=False),
    Column("ends_at", moment(), nullable=False),
    CheckConstraint("version > 0", name="version_is_positive"),
    CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
)
Index("ix_sessions_event_id", sessions.c.event_id, sessions.c.id)

passes = Table(
    "passes",
    metadata,
    Column("id", TypedId(PassId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("order_id", TypedId(OrderId), nullable=False),
    Column("line_id", TypedId(OrderLineId), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("event_id", TypedId(EventId), ForeignKey("events.id"), nullable=False),
    Column("ticket_tier_id", TypedId(TicketTierId), ForeignKey("ticket_tiers.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("attendee_name", Text),
    Column("attendee_email", Text),
    Column("holder_user_id", TypedId(UserId)),
    Column("holder_email", Text),
    Column("buyer_user_id", TypedId(UserId), nullable=False),
    Column("inside", Boolean, nullable=False),
    Column("first_admitted_at", moment()),
    Column("first_gate_id", TypedId(GateId)),
    UniqueConstraint("line_id", "ordinal", name="uq_passes_one_per_admission"),
    CheckConstraint("version > 0", name="version_is_positive"),
    CheckConstraint("ordinal > 0", name="ordinals_begin_at_one"),
    CheckConstraint("generation BETWEEN 1 AND 65535", name="generation_fits_its_code"),
    CheckConstraint("status IN ('issued', 'admitted', 'voided')", name="status_is_known"),
    CheckConstraint("status <> 'issued' OR (NOT inside AND first_admitted_at IS NULL)", name="nobody_entered_yet"),
    CheckConstraint(
        "first_admitted_at IS NOT NULL OR (status <> 'admitted' AND NOT inside)", name="entering_has_a_moment"
    ),
    CheckConstraint("holder_user_id IS NOT NULL OR holder_email IS NOT NULL", name="somebody_holds_it"),
)
Index("ix_passes_order_id", passes.c.order_id)
Index("ix_passes_event_id", passes.c.event_id)
Index("ix_passes_holder_user_id", passes.c.holder_user_id, passes.c.id)
Index("ix_passes_awaiting_holder", passes.c.holder_email, postgresql_where=text("holder_user_id IS NULL"))

check_ins = Table(
    "check_ins",
    metadata,
    Column("id", TypedId(CheckInId), primary_key=True),
    Column("event_id", TypedId(EventId), ForeignKey("events.id"), nullable=False),
    Column("pass_id", TypedId(PassId), ForeignKey("passes.id")),
    Column("direction", Text, nullable=False),
    Column("reason", Text),
    Column("gate_id", TypedId(GateId)),
    Column("scanner", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("code_digest", LargeBinary, nullable=False),
    Column("scanned_at", moment(), nullable=False),
    Column("recorded_at", moment(), nullable=False),
    Column("inside", Boolean, nullable=False),
    Column("first_admitted_at", moment()),
    Column("first_gate_id", TypedId(GateId)),
    Column("attendee_name", Text),
    Column("ticket_tier_name", Text),
    UniqueConstraint("scanner", "nonce", name="uq_check_ins_one_per_nonce"),
    CheckConstraint("direction IN ('in', 'out')", name="direction_is_known"),
    CheckConstraint(
        "reason IN ('already_admitted', 'voided', 'unknown', 'forged', 'wrong_event', 'wrong_tier', "
        "'not_yet_valid', 'expired', 'event_cancelled', 'full', 'unpaid')",
        name="reason_is_known",
    ),
    CheckConstraint("reason IS NOT NULL OR pass_id IS NOT NULL", name="only_a_pass_goes_through"),
    CheckConstraint("scanned_at <= recorded_at", name="not_scanned_in_the_future"),
)
Index("ix_check_ins_event_id", check_ins.c.event_id, check_ins.c.id)
Index("ix_check_ins_pass_id", check_ins.c.pass_id, check_ins.c.id, postgresql_where=text("reason IS NULL"))

door_counts = Table(
    "door_counts",
    metadata,
    Column("event_id", TypedId(EventId), ForeignKey("events.id"), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("issued", Integer, nullable=False),
    Column("admitted", Integer, nullable=False),
    Column("inside", Integer, nullable=False),
    Column("counted_at", moment(), nullable=False),
    CheckConstraint("sequence > 0", name="sequence_is_positive"),
)

door_marks = Table(
    "door_marks",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", TypedId(EventId), ForeignKey("events.id"), nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("id", TypedId(OrderId), primary_key=True),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("buyer_user_id", TypedId(UserId), nullable=False),
    Column("status", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", TypedId(UserId), primary_key=True),
    Column("email", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("heard_at", moment(), nullable=False),
)
Index("ix_users_email", users.c.email)

availabilities = Table(
    "availabilities",
    metadata,
    Column("ticket_tier_id", TypedId(TicketTierId), primary_key=True),
    Column("availability", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    CheckConstraint("availability IN ('available', 'few', 'sold_out')", name="availability_is_known"),
)
