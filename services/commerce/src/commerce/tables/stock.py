"""What there is to sell, and how much of it is held and sold: tiers, add-ons, and what an event's tiers share."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import AddOnId, EventId, OrganizationId, TicketTierId


def _counts() -> list[Column[Any]]:
    return [
        Column("held", BigInteger, nullable=False, server_default=text("0")),
        Column("sold", BigInteger, nullable=False, server_default=text("0")),
    ]


def _counts_not_negative() -> list[CheckConstraint]:
    # That `held + sold` stays within `capacity` is no constraint, because an organiser may lower the capacity below what
    # is sold already: those tickets stay valid. `store.counts` and `store.stock` refuse by their conditions instead.
    return [
        CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("sold >= 0", name="sold_not_negative"),
    ]


# The one hot row of a sale. Narrow, without an index on what changes, so that each change stays within its page.
# `shared` says that the event's own row counts too, and there is one exactly where its tiers say so: whoever took of the tier
# reads it there, on the newest row, and a sale of what was held changes the event's row if there is one.
# `waiting` is how many entries of the waiting list are before everyone else.
stock = Table(
    "stock",
    metadata,
    Column("ticket_tier_id", TypedId(TicketTierId), primary_key=True),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("capacity", BigInteger, nullable=False),
    *_counts(),
    Column("shared", Boolean, nullable=False, server_default=text("false")),
    Column("waiting", BigInteger, nullable=False, server_default=text("0")),
    Column("word", Text, nullable=False, server_default=text("'available'")),
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    *_counts_not_negative(),
    CheckConstraint("waiting >= 0", name="waiting_not_negative"),
    CheckConstraint("word IN ('available', 'few', 'sold_out')", name="word_is_known"),
)
Index("ix_stock_event_id", stock.c.event_id)

# Only events whose tiers ever shared a capacity have a row here; without a capacity it goes on counting.
event_capacity = Table(
    "event_capacity",
    metadata,
    Column("event_id", TypedId(EventId), primary_key=True),
    Column("capacity", BigInteger),
    *_counts(),
    Column("word", Text, nullable=False, server_default=text("'available'")),
    Column("told", Boolean, nullable=False, server_default=text("true")),
    *_counts_not_negative(),
    CheckConstraint("word IN ('available', 'few', 'sold_out')", name="word_is_known"),
)
Index("ix_event_capacity_untold", event_capacity.c.event_id, postgresql_where=text("NOT told"))

add_ons = Table(
    "add_ons",
    metadata,
    Column("id", TypedId(AddOnId), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("event_id", TypedId(EventId), nullable=False),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("price", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("ticket_tier_ids", ARRAY(TypedId(TicketTierId)), nullable=False),
    Column("max_per_ticket", Integer),
    Column("max_per_order", Integer, nullable=False),
    Column("sales_start_at", moment()),
    Column("sales_end_at", moment()),
    Column("tax_rate", Integer, nullable=False, server_default=text("0")),
    Column("retired", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("price >= 0", name="price_not_negative"),
    CheckConstraint("max_per_ticket >= 1", name="ticket_takes_at_least_one"),
    CheckConstraint("max_per_order >= 1", name="order_takes_at_least_one"),
    CheckConstraint("tax_rate BETWEEN 0 AND 100000", name="tax_rate_is_a_share"),
    CheckConstraint("sales_start_at < sales_end_at", name="sale_begins_before_it_ends"),
)
Index("ix_add_ons_event_id", add_ons.c.event_id)

add_on_stock = Table(
    "add_on_stock",
    metadata,
    Column("add_on_id", TypedId(AddOnId), ForeignKey("add_ons.id"), primary_key=True),
    Column("capacity", BigInteger),
    *_counts(),
    *_counts_not_negative(),
)
