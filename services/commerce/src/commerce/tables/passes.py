"""Copies of what wallet says: what the order's page shows as passes come. May be emptied and rebuilt."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from commerce.tables.metadata import metadata
from common.db import TypedId
from common.ids import OrderId, PassId, WalletPassId

order_passes = Table(
    "order_passes",
    metadata,
    Column("id", TypedId(WalletPassId), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("order_id", TypedId(OrderId), nullable=False),
    Column("pass_id", TypedId(PassId), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("ticket_tier_name", Text, nullable=False),
    Column("attendee_name", Text),
    Column("link_key", Text),
)
Index("ix_order_passes_order_id", order_passes.c.order_id)
