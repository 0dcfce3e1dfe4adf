"""The ledger: rows are added and read, never changed; the app role could not."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, insert, literal_column, select, union_all

from commerce.domain.ledger import Account, Transfer
from commerce.tables import ledger_transfers
from common.db import Transaction
from common.ids import OrderId

_ADD: Final = insert(ledger_transfers)


def add_transfers(tx: Transaction, transfers: Iterable[Transfer]) -> None:
    """Record that money moved, as this commits. A second charge of one payment is stopped by
    `uq_ledger_transfers_payment_once`."""
    for transfer in transfers:
        tx.post(_ADD, _written(tx, transfer))


async def balances_of_order(tx: Transaction, order_id: OrderId) -> dict[tuple[Account, str], int]:
    """What each account says of an order, debits less credits, by account and currency. Together they are always nothing."""
    table = ledger_transfers
    mine = table.c.order_id == order_id
    entries = union_all(
        select(table.c.debit.label("account"), table.c.currency, table.c.amount).where(mine),
        select(table.c.credit, table.c.currency, -table.c.amount).where(mine),
    ).subquery()
    query = select(entries.c.account, entries.c.currency, func.sum(entries.c.amount).label("balance"))
    rows = await tx.all(query.group_by(literal_column("1"), literal_column("2")))
    return {(row.account, row.currency): int(row.balance) for row in rows}


def _written(tx: Transaction, transfer: Transfer) -> dict[str, object]:
    return {
        "order_id": transfer.order_id,
        "payment_id": transfer.payment_id,
        "refund_id": transfer.refund_id,
        "dispute_id": transfer.dispute_id,
        "payout_id": transfer.payout_id,
        "organization_id": transfer.organization_id,
        "provider": transfer.provider,
        "kind": transfer.kind,
        "debit": transfer.debit,
        "credit": transfer.credit,
        "amount": transfer.amount.amount,
        "currency": transfer.amount.currency,
        "made_at": tx.now,
    }
