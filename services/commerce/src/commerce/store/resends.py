"""Who asked for the mail about an order once more, and when."""

from datetime import datetime

from sqlalchemy import func, insert, select

from commerce.tables import order_resends
from common.db import Transaction
from common.ids import OrderId


async def requests_since(tx: Transaction, order_id: OrderId, since: datetime) -> list[datetime]:
    """When it was asked for after `since`, the first one first. Counted under the order's lock."""
    mine = (order_resends.c.order_id == order_id) & (order_resends.c.requested_at > since)
    query = select(order_resends.c.requested_at).where(mine).order_by(order_resends.c.number)
    return [row.requested_at for row in await tx.all(query)]


async def add_request(tx: Transaction, order_id: OrderId, by: str) -> int:
    """Write it down; how manyth it is for this order. The caller holds the order's lock."""
    last = await tx.scalar(select(func.max(order_resends.c.number)).where(order_resends.c.order_id == order_id))
    number = int(last or 0) + 1
    values = {"order_id": order_id, "number": number, "requested_at": tx.now, "requested_by": by}
    await tx.execute(insert(order_resends).values(**values))
    return number
