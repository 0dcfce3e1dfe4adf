"""The ledger: rows are added and read, never changed; the app role could not."""

from sqlalchemy import insert

from commerce.domain.ledger import Transfer
from commerce.tables import ledger_transfers
from common.db import Transaction


async def add_transfer(tx: Transaction, transfer: Transfer) -> None:
    """Record that money moved. A second charge of one payment is stopped by `uq_ledger_transfers_payment_once`."""
    await tx.execute(
        insert(ledger_transfers).values(
            order_id=transfer.order_id,
            payment_id=transfer.payment_id,
            organization_id=transfer.organization_id,
            provider=transfer.provider,
            kind=transfer.kind,
            debit=transfer.debit,
            credit=transfer.credit,
            amount=transfer.amount.amount,
            currency=transfer.amount.currency,
            made_at=tx.now,
        )
    )
