"""Who waits for places, how long an offer to them stands, and what organisers decided of orders that wait for them."""

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, literal_column, text
from sqlalchemy.dialects.postgresql import JSONB

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import EventId, OrderId, OrganizationId, TicketTierId, UserId, WaitingListEntryId

waiting_list_entries = Table(
    "waiting_list_entries",
    metadata,
    Column("id", TypedId(WaitingListEntryId), primary_key=True),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("ticket_tier_id", TypedId(TicketTierId), nullable=False),
    Column("user_id", TypedId(UserId), nullable=False),
    Column("email", Text, nullable=False),
    Column("name", Text),
    Column("quantity", Integer, nullable=False),
    Column("attendees", JSONB, nullable=False, server_default=text("'[]'")),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("status", Text, nullable=False),
    Column("joined_at", moment(), nullable=False),
    Column("offered_at", moment()),
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id")),
    CheckConstraint("quantity >= 1", name="quantity_is_something"),
    CheckConstraint("status IN ('waiting', 'offered', 'left')", name="status_is_known"),
    CheckConstraint("(status = 'offered') = (order_id IS NOT NULL)", name="offer_is_an_order"),
    CheckConstraint("(status = 'offered') = (offered_at IS NOT NULL)", name="offer_is_dated"),
)
# Its words are part of each statement: see `tables/orders.py`.
WAITING: Final = waiting_list_entries.c.status == literal_column("'waiting'")
Index(
    "uq_waiting_list_entries_one_each",
    waiting_list_entries.c.ticket_tier_id,
    waiting_list_entries.c.user_id,
    unique=True,
    postgresql_where=WAITING,
)
# In the order of service.
Index(
    "ix_waiting_list_entries_next",
    waiting_list_entries.c.ticket_tier_id,
    waiting_list_entries.c.priority.desc(),
    waiting_list_entries.c.id,
    postgresql_where=WAITING,
)
Index("ix_waiting_list_entries_event_id", waiting_list_entries.c.event_id, waiting_list_entries.c.id)
Index("ix_waiting_list_entries_user_id", waiting_list_entries.c.user_id, waiting_list_entries.c.id)
Index("uq_waiting_list_entries_order_id", waiting_list_entries.c.order_id, unique=True)

waiting_list_settings = Table(
    "waiting_list_settings",
    metadata,
    Column("event_id", TypedId(EventId), primary_key=True),
    Column("offer_minutes", Integer, nullable=False),
    CheckConstraint("offer_minutes BETWEEN 15 AND 43200", name="offer_stands_a_while"),
)

# One row an order, so there is one decision, whoever else decides at the same moment.
order_approvals = Table(
    "order_approvals",
    metadata,
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), primary_key=True),
    Column("decision", Text, nullable=False),
    Column("reason", Text),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", moment(), nullable=False),
    CheckConstraint("decision IN ('approved', 'rejected')", name="decision_is_known"),
    CheckConstraint("decision = 'approved' OR reason IS NOT NULL", name="rejection_has_a_reason"),
)
