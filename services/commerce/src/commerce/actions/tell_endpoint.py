"""Queues something to be told to an organiser's system, under its next numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from commerce.domain.webhook import Delivery, Endpoint
from commerce.formats.standard_webhooks import body_text
from commerce.store import webhook_deliveries, webhook_endpoints
from common.db import Transaction
from common.ids import MessageId


@dataclass(frozen=True, slots=True)
class News:
    """What happened, when, and the state it left behind."""

    message_id: MessageId
    type: str
    at: datetime
    data: Mapping[str, object]


async def tell_endpoint(tx: Transaction, endpoint: Endpoint, news: Sequence[News]) -> None:
    """Queue `news` for a locked endpoint. While it is turned off it waits there, so that its numbers have no gap."""
    new = [_delivery(tx, endpoint, number, one) for number, one in enumerate(news, start=endpoint.next_number)]
    await webhook_deliveries.add_deliveries(tx, new)
    await webhook_endpoints.numbered(tx, endpoint, len(new))


def _delivery(tx: Transaction, endpoint: Endpoint, number: int, one: News) -> Delivery:
    return Delivery(
        endpoint_id=endpoint.id,
        number=number,
        message_id=one.message_id,
        type=one.type,
        body=body_text(one.type, one.at, number, one.data),
        made_at=tx.now,
        attempts=0,
        next_attempt_at=tx.now,
        last_attempt_at=None,
        last_answer=None,
        delivered_at=None,
    )
