"""Questions whose answer must be "nothing": each statement sees one moment, so it may run beside a sale."""

from sqlalchemy import case, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement

from commerce.tables import admissions, ledger_transfers, order_lines, orders, payments, stock
from common.db import Transaction

SHOWN = 20


async def find_miscounted_tiers(tx: Transaction) -> list[str]:
    """Tiers whose held or sold count is not what the orders say."""

    def places(holding: str) -> ColumnElement[int]:
        counted = case((orders.c.holding == holding, 1), else_=0)
        return func.coalesce(func.sum(counted), 0)

    said = (
        select(
            order_lines.c.ticket_tier_id,
            places("held").label("held"),
            places("sold").label("sold"),
        )
        .join(orders, orders.c.id == order_lines.c.order_id)
        .join(admissions, admissions.c.line_id == order_lines.c.id)
        .where(admissions.c.live, orders.c.holding.in_(("held", "sold")))
        .group_by(order_lines.c.ticket_tier_id)
        .subquery()
    )
    held, sold = func.coalesce(said.c.held, 0), func.coalesce(said.c.sold, 0)
    tier = func.coalesce(stock.c.ticket_tier_id, said.c.ticket_tier_id)
    query = (
        select(tier.label("tier"), stock.c.held, stock.c.sold, held.label("held_said"), sold.label("sold_said"))
        .join_from(stock, said, said.c.ticket_tier_id == stock.c.ticket_tier_id, full=True)
        .where(or_(stock.c.held.is_distinct_from(held), stock.c.sold.is_distinct_from(sold)))
        .limit(SHOWN)
    )
    return [
        f"tier {row.tier}: {row.held} held and {row.sold} sold, but orders say {row.held_said} and {row.sold_said}"
        for row in await tx.all(query)
    ]


async def find_unbooked_payments(tx: Transaction) -> list[str]:
    """Succeeded payments without exactly one entry in the ledger, and entries of payments that did not succeed."""
    incoming = ledger_transfers.c.debit == "provider_receivable"
    booked = (
        select(ledger_transfers.c.payment_id, func.count().label("entries"))
        .where(incoming)
        .group_by(ledger_transfers.c.payment_id)
        .subquery()
    )
    entries = func.coalesce(booked.c.entries, 0)
    due = case((payments.c.status == "succeeded", literal(1)), else_=literal(0))
    query = (
        select(payments.c.id, payments.c.status, entries.label("entries"))
        .join_from(payments, booked, booked.c.payment_id == payments.c.id, isouter=True)
        .where(entries != due)
        .limit(SHOWN)
    )
    return [f"payment {row.id}: {row.status}, {row.entries} entries in the ledger" for row in await tx.all(query)]


async def find_orders_paid_wrongly(tx: Transaction) -> list[str]:
    """Paid orders whose charges are not their total, and unpaid ones with a charge."""
    charged = (
        select(ledger_transfers.c.order_id, func.sum(ledger_transfers.c.amount).label("amount"))
        .where(ledger_transfers.c.kind == "charge")
        .group_by(ledger_transfers.c.order_id)
        .subquery()
    )
    amount = func.coalesce(charged.c.amount, 0)
    due = case((orders.c.paid_at.is_not(None), orders.c.total), else_=literal(0))
    query = (
        select(orders.c.id, orders.c.status, amount.label("charged"), orders.c.total)
        .join_from(orders, charged, charged.c.order_id == orders.c.id, isouter=True)
        .where(amount != due)
        .limit(SHOWN)
    )
    return [f"order {row.id}: {row.status}, {row.charged} charged of {row.total}" for row in await tx.all(query)]
