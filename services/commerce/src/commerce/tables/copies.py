"""Copies of what events and identity say. No foreign key leads here: a copy may be emptied and rebuilt while orders go on."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import EventId, OrganizationId, TicketTierId, WorkspaceId

events = Table(
    "events",
    metadata,
    Column("id", TypedId(EventId), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("workspace_id", TypedId(WorkspaceId)),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("starts_at", moment(), nullable=False),
    Column("ends_at", moment(), nullable=False),
    Column("timezone", Text, nullable=False),
    Column("venue_name", Text),
    Column("currency", Text),
)

ticket_tiers = Table(
    "ticket_tiers",
    metadata,
    Column("id", TypedId(TicketTierId), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("name", Text, nullable=False),
    Column("price_amount", BigInteger),
    Column("price_currency", Text),
    Column("sales_start_at", moment()),
    Column("sales_end_at", moment()),
    Column("min_per_order", Integer, nullable=False),
    Column("max_per_order", Integer, nullable=False),
    Column("retired", Boolean, nullable=False),
)
Index("ix_ticket_tiers_event_id", ticket_tiers.c.event_id)

organizations = Table(
    "organizations",
    metadata,
    Column("id", TypedId(OrganizationId), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("suspended", Boolean, nullable=False),
    Column("backer_tiers", ARRAY(Text), nullable=False, server_default=text("'{}'")),
)
