"""Invoices, receipts and credit notes with their numbers, and whom they name."""

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

from commerce.tables.metadata import metadata
from common.db import TypedId, moment
from common.ids import DocumentId, OrderId, OrganizationId, RefundId

# What sellers and buyers want to read on documents still to come.
seller_details = Table(
    "seller_details",
    metadata,
    Column("organization_id", TypedId(OrganizationId), primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("tax_id", Text, nullable=False),
    Column("changed_at", moment(), nullable=False),
    Column("changed_by", Text, nullable=False),
)

buyer_details = Table(
    "buyer_details",
    metadata,
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("tax_id", Text, nullable=False),
    Column("changed_at", moment(), nullable=False),
    # What became of the check of that number; null where nobody was asked.
    Column("vat_check", Text),
    Column("vat_checked_at", moment()),
    Column("vat_identifier", Text, nullable=False, server_default=text("''")),
    CheckConstraint("vat_check IN ('valid', 'unavailable')", name="vat_check_is_known"),
    CheckConstraint("(vat_check IS NULL) = (vat_checked_at IS NULL)", name="vat_check_is_dated"),
    CheckConstraint(
        "(vat_check IS NOT DISTINCT FROM 'valid') = (vat_identifier <> '')", name="good_vat_numbers_are_proven"
    ),
)

# What the tax authority said lately. Nothing is kept of not having got an answer.
vat_verdicts = Table(
    "vat_verdicts",
    metadata,
    Column("vat_number", Text, primary_key=True),
    Column("requester", Text, primary_key=True),
    Column("valid", Boolean, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("checked_at", moment(), nullable=False),
    CheckConstraint("valid = (identifier <> '')", name="good_numbers_are_proven"),
)
Index("ix_vat_verdicts_checked_at", vat_verdicts.c.checked_at)

# The last number given in each series. Its row is locked from when a number is taken until the document that bears it is
# committed; undone together, they leave no gap.
document_counters = Table(
    "document_counters",
    metadata,
    Column("organization_id", TypedId(OrganizationId), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("last", Integer, nullable=False),
    CheckConstraint("last >= 1", name="counts_from_one"),
)

# Each request for the mail about an order once more, so that nobody floods a buyer.
order_resends = Table(
    "order_resends",
    metadata,
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("requested_at", moment(), nullable=False),
    Column("requested_by", Text, nullable=False),
    CheckConstraint("number >= 1", name="number_counts_from_one"),
)

# Append-only: the app role may insert and read, nothing else (see the migration).
documents = Table(
    "documents",
    metadata,
    Column("id", TypedId(DocumentId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id"), nullable=False),
    Column("refund_id", TypedId(RefundId), ForeignKey("refunds.id")),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("issued_at", moment(), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("paper", JSONB, nullable=False),
    UniqueConstraint("organization_id", "kind", "number", name="uq_documents_number"),
    UniqueConstraint("refund_id", name="uq_documents_refund_once"),
    CheckConstraint("kind IN ('invoice', 'receipt', 'credit_note')", name="kind_is_known"),
    CheckConstraint("number >= 1", name="numbers_count_from_one"),
    CheckConstraint("(kind = 'credit_note') = (refund_id IS NOT NULL)", name="credit_notes_are_of_refunds"),
)
Index("ix_documents_order_id", documents.c.order_id)
Index(
    "uq_documents_sale_once",
    documents.c.order_id,
    unique=True,
    postgresql_where=text("kind <> 'credit_note'"),
)
