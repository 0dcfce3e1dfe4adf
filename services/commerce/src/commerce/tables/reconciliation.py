"""What providers' lists of a day say that our books do not, and the other way round."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
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
from common.ids import PaymentId

reconciled_days = Table(
    "reconciled_days",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("payments", Integer, nullable=False),
    Column("differences", Integer, nullable=False),
    Column("reconciled_at", moment(), nullable=False),
    CheckConstraint("payments >= 0 AND differences >= 0", name="counts_not_negative"),
)

# One that was not found again when its day was compared once more is settled, and stays here as what once was.
payment_differences = Table(
    "payment_differences",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("payment_id", TypedId(PaymentId)),
    Column("theirs", Text, nullable=False),
    Column("ours", Text, nullable=False),
    Column("found_at", moment(), nullable=False),
    Column("settled_at", moment()),
    UniqueConstraint("provider", "day", "kind", "reference", name="uq_payment_differences_once"),
)
Index(
    "ix_payment_differences_open",
    payment_differences.c.day,
    postgresql_where=text("settled_at IS NULL"),
)
