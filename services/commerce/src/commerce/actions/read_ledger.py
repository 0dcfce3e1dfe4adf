"""Shows operators what each account says of an order."""

from typing import Any

from commerce.errors import UnknownOrder
from commerce.store import ledger, orders
from common.db import Database
from common.ids import OrderId


async def read_ledger(database: Database, values: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Debits less credits in minor units, by currency and account, of `{"orderId": …}`. Raises UnknownOrder."""
    order_id = OrderId(str(values.get("orderId")))
    async with database.transaction() as tx:
        if await orders.find_order(tx, order_id) is None:
            raise UnknownOrder()
        balances = await ledger.balances_of_order(tx, order_id)
    currencies = sorted({currency for _, currency in balances})
    return {
        code: {account: balance for (account, currency), balance in sorted(balances.items()) if currency == code}
        for code in currencies
    }
