"""The ledger, and what was paid out of it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
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
from common.ids import EventId, OrderId, OrganizationId, PaymentId, PayoutId, RefundId

_ACCOUNTS = (
    "'provider_receivable', 'organiser_payable', 'platform_fees', 'unallocated', 'refunds_due', 'dispute_held', "
    "'door_receivable', 'paid_out'"
)

# Append-only: the app role may insert and read, nothing else (see the migration). A row is both entries of a double entry,
# so that no sum of rows can be out of balance.
ledger_transfers = Table(
    "ledger_transfers",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("order_id", TypedId(OrderId), ForeignKey("orders.id")),
    Column("payment_id", TypedId(PaymentId), ForeignKey("payments.id")),
    Column("refund_id", TypedId(RefundId), ForeignKey("refunds.id")),
    Column("dispute_id", BigInteger, ForeignKey("disputes.id")),
    Column("payout_id", TypedId(PayoutId), ForeignKey("payouts.id")),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("provider", Text),
    Column("kind", Text, nullable=False),
    Column("debit", Text, nullable=False),
    Column("credit", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("made_at", moment(), nullable=False),
    CheckConstraint("amount > 0", name="amount_is_something"),
    CheckConstraint("debit <> credit", name="moves_between_accounts"),
    CheckConstraint(f"debit IN ({_ACCOUNTS}) AND credit IN ({_ACCOUNTS})", name="accounts_are_known"),
    CheckConstraint("(order_id IS NULL) = (payout_id IS NOT NULL)", name="order_or_payout"),
)
Index("ix_ledger_transfers_order_id", ledger_transfers.c.order_id)
Index("ix_ledger_transfers_organization_id", ledger_transfers.c.organization_id)
Index(
    "uq_ledger_transfers_payment_once",
    ledger_transfers.c.payment_id,
    unique=True,
    postgresql_where=text("kind IN ('charge', 'unallocated')"),
)
Index(
    "uq_ledger_transfers_order_once",
    ledger_transfers.c.order_id,
    ledger_transfers.c.kind,
    unique=True,
    postgresql_where=text("kind IN ('charge', 'allocation', 'door_charge', 'platform_fee')"),
)
Index(
    "uq_ledger_transfers_refund_once",
    ledger_transfers.c.refund_id,
    ledger_transfers.c.kind,
    unique=True,
    postgresql_where=text("kind IN ('refund_due', 'fee_returned')"),
)
Index(
    "uq_ledger_transfers_dispute_once",
    ledger_transfers.c.dispute_id,
    ledger_transfers.c.kind,
    unique=True,
    postgresql_where=text("dispute_id IS NOT NULL"),
)
Index(
    "uq_ledger_transfers_payout_once",
    ledger_transfers.c.payout_id,
    ledger_transfers.c.kind,
    unique=True,
    postgresql_where=text("payout_id IS NOT NULL"),
)

# Statements, as append-only as the ledger. `number` counts an organisation's payouts of a currency without a gap, so that
# two made at once cannot both be the next.
payouts = Table(
    "payouts",
    metadata,
    Column("id", TypedId(PayoutId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("currency", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("period_start", moment()),
    Column("period_end", moment(), nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", moment(), nullable=False),
    UniqueConstraint("organization_id", "currency", "number", name="uq_payouts_number"),
    CheckConstraint("amount > 0", name="amount_is_something"),
)

payout_lines = Table(
    "payout_lines",
    metadata,
    Column("payout_id", TypedId(PayoutId), ForeignKey("payouts.id"), primary_key=True),
    Column("event_id", TypedId(EventId), primary_key=True),
    Column("event_name", Text, nullable=False),
    Column("sales", BigInteger, nullable=False),
    Column("fees", BigInteger, nullable=False),
    Column("refunds", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("at_door", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount = sales - fees - refunds - held - at_door", name="adds_up"),
)
