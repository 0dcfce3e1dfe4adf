"""What organisers' systems are told, each under its endpoint's number, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, or_, select, update

from commerce.domain.webhook import KEPT, Delivery
from commerce.store.invariants import SHOWN
from commerce.tables import webhook_deliveries as deliveries
from commerce.tables import webhook_endpoints as endpoints
from common.db import Transaction
from common.ids import WebhookEndpointId

EMPTY: Final = "{}"


async def add_deliveries(tx: Transaction, new: Sequence[Delivery]) -> None:
    """Keep new ones."""
    rows = [
        {
            "endpoint_id": one.endpoint_id,
            "number": one.number,
            "message_id": one.message_id,
            "type": one.type,
            "body": one.body,
            "made_at": one.made_at,
            "next_attempt_at": one.next_attempt_at,
        }
        for one in new
    ]
    await tx.execute(insert(deliveries), rows)


async def due_deliveries(tx: Transaction, endpoint_id: WebhookEndpointId, limit: int) -> list[Delivery]:
    """What is to be told to an endpoint now, in the order it fell due."""
    query = (
        select(deliveries)
        .where(deliveries.c.endpoint_id == endpoint_id, deliveries.c.next_attempt_at <= tx.now)
        .order_by(deliveries.c.next_attempt_at, deliveries.c.number)
        .limit(limit)
    )
    return [_delivery(row) for row in await tx.all(query)]


async def save_attempt(tx: Transaction, before: Delivery, after: Delivery) -> bool:
    """Write what came of an attempt. False when it was asked to be told anew meanwhile, which then stands."""
    unchanged = deliveries.c.next_attempt_at == before.next_attempt_at
    statement = (
        update(deliveries)
        .where(deliveries.c.endpoint_id == before.endpoint_id, deliveries.c.number == before.number, unchanged)
        .values(
            attempts=after.attempts,
            next_attempt_at=after.next_attempt_at,
            last_attempt_at=after.last_attempt_at,
            last_answer=after.last_answer,
            delivered_at=after.delivered_at,
        )
    )
    return (await tx.execute(statement)).rowcount == 1


async def next_attempt(tx: Transaction, endpoint_id: WebhookEndpointId) -> datetime | None:
    """When the next of what waits for an endpoint is due."""
    due: datetime | None = await tx.scalar(
        select(func.min(deliveries.c.next_attempt_at)).where(deliveries.c.endpoint_id == endpoint_id)
    )
    return due


async def list_deliveries(
    tx: Transaction, endpoint_id: WebhookEndpointId, after: int, limit: int
) -> tuple[list[Delivery], int | None]:
    """What an endpoint was told beyond a number, in the order of numbers, and the number to go on after."""
    shown = (deliveries.c.number > after) & (deliveries.c.made_at >= tx.now - KEPT)
    query = select(deliveries).where(deliveries.c.endpoint_id == endpoint_id, shown)
    rows = await tx.all(query.order_by(deliveries.c.number).limit(limit + 1))
    page = [_delivery(row) for row in rows[:limit]]
    return page, page[-1].number if len(rows) > limit else None


async def tell_anew(tx: Transaction, endpoint_id: WebhookEndpointId, first: int) -> int:
    """Have everything from a number on told once more, under the same ids; how many that is."""
    anew = {"attempts": 0, "next_attempt_at": tx.now, "delivered_at": None}
    known = (deliveries.c.number >= first) & (deliveries.c.made_at >= tx.now - KEPT)
    statement = update(deliveries).where(deliveries.c.endpoint_id == endpoint_id, known)
    return (await tx.execute(statement.values(**anew))).rowcount


async def forget_old(tx: Transaction) -> int:
    """Forget what is older than 30 days, delivered or not; how many. Of the last one its number stays, and nothing that it
    told: an endpoint whose deliveries were lost is known by that from one that was told nothing for long."""
    old = deliveries.c.made_at < tx.now - KEPT
    last = (
        select(endpoints.c.next_number - 1)
        .where(endpoints.c.id == deliveries.c.endpoint_id)
        .correlate(deliveries)
        .scalar_subquery()
    )
    gone = await tx.execute(delete(deliveries).where(old, deliveries.c.number < last))
    emptied = update(deliveries).where(old, deliveries.c.body != EMPTY).values(body=EMPTY, next_attempt_at=None)
    return gone.rowcount + (await tx.execute(emptied)).rowcount


async def find_gaps(tx: Transaction) -> list[str]:
    """Webhooks whose numbers have a gap, from the oldest that is kept to the last that was given out."""
    last, count = func.coalesce(func.max(deliveries.c.number), 0), func.count(deliveries.c.number)
    query = (
        select(endpoints.c.id, endpoints.c.next_number, count.label("kept"))
        .join_from(endpoints, deliveries, deliveries.c.endpoint_id == endpoints.c.id, isouter=True)
        .group_by(endpoints.c.id)
        .having(or_(last != endpoints.c.next_number - 1, count != last - func.min(deliveries.c.number) + 1))
        .limit(SHOWN)
    )
    return [
        f"webhook {row.id}: {row.kept} kept, but the next number is {row.next_number}" for row in await tx.all(query)
    ]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        endpoint_id=row.endpoint_id,
        number=row.number,
        message_id=row.message_id,
        type=row.type,
        body=row.body,
        made_at=row.made_at,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_attempt_at=row.last_attempt_at,
        last_answer=row.last_answer,
        delivered_at=row.delivered_at,
    )
