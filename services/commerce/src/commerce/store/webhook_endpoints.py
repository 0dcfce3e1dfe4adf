"""Organisers' systems. A row is locked by whoever numbers a delivery, records what came of some, or changes it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, delete, func, insert, or_, select, update
from sqlalchemy.engine import Row

from commerce.domain.webhook import Endpoint
from commerce.tables import webhook_endpoints as endpoints
from common.db import Transaction
from common.ids import OrganizationId, WebhookEndpointId

LEASE = timedelta(seconds=60)
"""Longer than a turn takes: its calls end after 15 seconds."""
_DUE: Final = endpoints.c.disabled_reason.is_(None)


async def add_endpoint(tx: Transaction, endpoint: Endpoint) -> None:
    """Keep a new one."""
    values = {**_values(endpoint), "id": endpoint.id, "organization_id": endpoint.organization_id}
    await tx.execute(insert(endpoints).values(**values, made_at=endpoint.made_at, held_until=tx.now))


async def save_endpoint(tx: Transaction, endpoint: Endpoint) -> None:
    """Write what may change of a locked one."""
    await tx.execute(update(endpoints).where(endpoints.c.id == endpoint.id).values(**_values(endpoint)))


async def delete_endpoint(tx: Transaction, endpoint_id: WebhookEndpointId) -> None:
    """Forget it and everything it was told."""
    await tx.execute(delete(endpoints).where(endpoints.c.id == endpoint_id))


async def find_endpoint(tx: Transaction, endpoint_id: WebhookEndpointId) -> Endpoint | None:
    """The endpoint of an id."""
    row = await tx.one(select(endpoints).where(endpoints.c.id == endpoint_id))
    return None if row is None else _endpoint(row)


async def lock_endpoint(tx: Transaction, endpoint_id: WebhookEndpointId) -> Endpoint | None:
    """The endpoint of an id, locked: numbers are given out one after the other."""
    row = await tx.one(select(endpoints).where(endpoints.c.id == endpoint_id).with_for_update())
    return None if row is None else _endpoint(row)


async def lock_endpoints_of(tx: Transaction, organizations: Collection[OrganizationId]) -> list[Endpoint]:
    """Every endpoint of these organisations, locked in the order of their ids."""
    query = select(endpoints).where(endpoints.c.organization_id.in_(organizations)).order_by(endpoints.c.id)
    return [_endpoint(row) for row in await tx.all(query.with_for_update())]


async def endpoints_of(tx: Transaction, organization_id: OrganizationId) -> list[Endpoint]:
    """The endpoints of an organisation, oldest first: at most ten."""
    query = select(endpoints).where(endpoints.c.organization_id == organization_id).order_by(endpoints.c.id)
    return [_endpoint(row) for row in await tx.all(query)]


async def lock_organization(tx: Transaction, organization_id: OrganizationId) -> None:
    """Let endpoints of one organisation be added one after the other: there is no row of its own to lock."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"webhooks of {organization_id}", 0))))


async def organizations_that_listen(tx: Transaction) -> list[OrganizationId]:
    """Those with an endpoint."""
    return [row.organization_id for row in await tx.all(select(endpoints.c.organization_id).distinct())]


async def endpoints_after(tx: Transaction, after: WebhookEndpointId | None, limit: int) -> list[WebhookEndpointId]:
    """Some of all there are, in the order of their ids."""
    query = select(endpoints.c.id).order_by(endpoints.c.id).limit(limit)
    if after is not None:
        query = query.where(endpoints.c.id > after)
    return [row.id for row in await tx.all(query)]


async def take_due_endpoints(tx: Transaction, limit: int) -> list[Endpoint]:
    """Endpoints for which something waits. Taking one keeps others from it for a minute."""
    due = (
        select(endpoints.c.id)
        .where(endpoints.c.next_attempt_at <= tx.now, endpoints.c.held_until <= tx.now, _DUE)
        .order_by(endpoints.c.next_attempt_at, endpoints.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = update(endpoints).where(endpoints.c.id.in_(due)).values(held_until=tx.now + LEASE)
    return [_endpoint(row) for row in (await tx.execute(taken.returning(*endpoints.c))).all()]


async def numbered(tx: Transaction, endpoint: Endpoint, count: int) -> None:
    """So many more numbers are given out, and there is something to tell. The endpoint is locked."""
    sooner = case(
        (or_(endpoints.c.next_attempt_at.is_(None), endpoints.c.next_attempt_at > tx.now), tx.now),
        else_=endpoints.c.next_attempt_at,
    )
    changed = {"next_number": endpoint.next_number + count, "next_attempt_at": sooner}
    await tx.execute(update(endpoints).where(endpoints.c.id == endpoint.id).values(**changed))


async def schedule(
    tx: Transaction, endpoint_id: WebhookEndpointId, next_attempt_at: datetime | None, held_until: datetime
) -> None:
    """When to turn to it next: there is nothing to tell before the first, and it is left alone until the second."""
    changed = {"next_attempt_at": next_attempt_at, "held_until": held_until}
    await tx.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(**changed))


def _values(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "url": endpoint.url,
        "types": list(endpoint.types),
        "sealed_secret": endpoint.sealed_secret,
        "sealed_old_secret": endpoint.sealed_old_secret,
        "old_secret_until": endpoint.old_secret_until,
        "disabled_reason": endpoint.disabled_reason,
        "failures": endpoint.failures,
        "failing_since": endpoint.failing_since,
        "version": endpoint.version,
    }


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        organization_id=row.organization_id,
        url=row.url,
        types=tuple(row.types),
        sealed_secret=row.sealed_secret,
        sealed_old_secret=row.sealed_old_secret,
        old_secret_until=row.old_secret_until,
        disabled_reason=row.disabled_reason,
        next_number=row.next_number,
        failures=row.failures,
        failing_since=row.failing_since,
        made_at=row.made_at,
        version=row.version,
    )
