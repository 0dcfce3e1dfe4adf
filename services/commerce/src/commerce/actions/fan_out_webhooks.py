"""Tells what was said of orders on to organisers' systems: reads the outbox, beside the transactions that sell."""

from collections.abc import Sequence
from typing import Final

from commerce.actions.tell_endpoint import News, tell_endpoint
from commerce.store import webhook_cursor, webhook_endpoints
from commerce.store.webhook_cursor import Cursor, Said, Sight
from common.db import Database, Transaction
from common.messages import Message, OrderCancelled, OrderExpired, OrderPaid, OrderPlaced, OrderRefunded

AT_ONCE = 500

OrderMessage = OrderPlaced | OrderPaid | OrderExpired | OrderCancelled | OrderRefunded
_ABOUT_ORDERS: Final[dict[str, type[OrderMessage]]] = {
    kind.type(): kind for kind in (OrderPlaced, OrderPaid, OrderExpired, OrderCancelled, OrderRefunded)
}
_SHOWN: Final = {
    "sequence",
    "order_id",
    "event_id",
    "event_name",
    "organization_id",
    "buyer_email",
    "buyer_name",
    "status",
    "disputed",
    "total",
    "discount",
    "fees",
    "tax",
    "refunded",
    "lines",
    "add_ons",
    "admissions",
    "placed_at",
    "paid_at",
}
"""Names and addresses are those of the organiser's own customers. The secret of the order's page is the buyer's alone.
A list, so that a field nobody thought of stays inside."""


async def fan_out_webhooks(database: Database) -> int:
    """Tell on what can be told on now; 1 when looking again at once makes sense, 0 when it has time."""
    async with database.transaction() as tx:
        cursor = await webhook_cursor.take_cursor(tx)
        if cursor is None:
            return 0
        sight = await webhook_cursor.look(tx)
        if cursor.horizon > cursor.position and sight.oldest_running < cursor.horizon_xid:
            return 0
        position = await _read_on(tx, cursor)
        after = _moved(cursor, position, sight)
        if after != cursor:
            await webhook_cursor.save_cursor(tx, after)
    begun = cursor.horizon == cursor.position < after.horizon
    return int(begun or position < cursor.horizon)


def _moved(cursor: Cursor, position: int, sight: Sight) -> Cursor:
    """A new horizon is set once the last one is reached."""
    if position < cursor.horizon:
        return Cursor(position, cursor.horizon, cursor.horizon_xid)
    if sight.newest <= position:
        return Cursor(position, position, cursor.horizon_xid)
    return Cursor(position, sight.newest, sight.next_xid)


async def _read_on(tx: Transaction, cursor: Cursor) -> int:
    """Queue what was said within the horizon; the position reached."""
    listening = await webhook_endpoints.organizations_that_listen(tx) if cursor.horizon > cursor.position else []
    if not listening:
        return cursor.horizon
    said = await webhook_cursor.said_between(
        tx, cursor.position, cursor.horizon, _ABOUT_ORDERS.keys(), listening, AT_ONCE
    )
    await _tell(tx, said)
    return said[-1].position if len(said) == AT_ONCE else cursor.horizon


async def _tell(tx: Transaction, said: Sequence[Said]) -> None:
    read = [(one, _ABOUT_ORDERS[one.type].parse(one.body)) for one in said]
    happened = [(one, message) for one, message in read if not message.said_again]
    for endpoint in await webhook_endpoints.lock_endpoints_of(tx, {message.organization_id for _, message in happened}):
        news = [
            _news(one, message)
            for one, message in happened
            if message.organization_id == endpoint.organization_id and endpoint.wants(message.subject)
        ]
        if news:
            await tell_endpoint(tx, endpoint, news)


def _news(said: Said, message: Message) -> News:
    data = message.model_dump(mode="json", by_alias=True, include=_SHOWN)
    return News(said.message_id, message.subject, said.at, data)
