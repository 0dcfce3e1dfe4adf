"""Add-ons as organisers set them up."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Row, insert, select, update

from commerce.domain.add_on import AddOn
from commerce.domain.stock import AddOnStock
from commerce.store import add_on_stock as stock
from commerce.tables import add_on_stock, add_ons
from common.db import Transaction
from common.ids import AddOnId, EventId
from common.money import Money

_WHOLE: Final = select(*add_ons.c, add_on_stock.c.capacity).join_from(add_ons, add_on_stock)


async def add_add_on(tx: Transaction, add_on: AddOn) -> None:
    """Write a new one, with nothing of it sold."""
    await tx.execute(
        insert(add_ons).values(
            id=add_on.id, event_id=add_on.event_id, organization_id=add_on.organization_id, **_state_of(add_on)
        )
    )
    await stock.set_capacity(tx, add_on.id, add_on.capacity)


async def save_add_on(tx: Transaction, add_on: AddOn) -> None:
    """Write how it stands now. The caller holds its lock."""
    await tx.execute(update(add_ons).where(add_ons.c.id == add_on.id).values(**_state_of(add_on)))
    await stock.set_capacity(tx, add_on.id, add_on.capacity)


async def lock_add_on(tx: Transaction, add_on_id: AddOnId) -> AddOn | None:
    """An add-on, locked until this transaction ends. Orders do not wait for that: they lock its counts only."""
    row = await tx.one(_WHOLE.where(add_ons.c.id == add_on_id).with_for_update(of=add_ons))
    return None if row is None else _add_on_of(row)


async def find_offered_add_ons(tx: Transaction, which: Collection[AddOnId]) -> dict[AddOnId, tuple[AddOn, AddOnStock]]:
    """Several, with their counts at this moment, in one round trip."""
    query = select(*add_ons.c, *(column for column in add_on_stock.c)).join_from(add_ons, add_on_stock)
    rows = await tx.all(query.where(add_ons.c.id.in_(which)))
    return {row.id: (_add_on_of(row), stock.stock_of(row)) for row in rows}


async def add_ons_of(tx: Transaction, event_id: EventId) -> list[AddOn]:
    """Every add-on of an event, retired ones included, oldest first."""
    return [
        _add_on_of(row) for row in await tx.all(_WHOLE.where(add_ons.c.event_id == event_id).order_by(add_ons.c.id))
    ]


def _state_of(add_on: AddOn) -> dict[str, Any]:
    """What of an add-on changes, beside its capacity."""
    return {
        "version": add_on.version,
        "name": add_on.name,
        "description": add_on.description,
        "price": add_on.price.amount,
        "currency": add_on.price.currency,
        "ticket_tier_ids": list(add_on.ticket_tier_ids),
        "max_per_ticket": add_on.max_per_ticket,
        "max_per_order": add_on.max_per_order,
        "sales_start_at": add_on.sales_start_at,
        "sales_end_at": add_on.sales_end_at,
        "tax_rate": add_on.tax_rate,
        "retired": add_on.retired,
    }


def _add_on_of(row: Row[Any]) -> AddOn:
    return AddOn(
        id=row.id,
        version=row.version,
        event_id=row.event_id,
        organization_id=row.organization_id,
        name=row.name,
        description=row.description,
        price=Money(row.price, row.currency),
        capacity=row.capacity,
        ticket_tier_ids=tuple(row.ticket_tier_ids),
        max_per_ticket=row.max_per_ticket,
        max_per_order=row.max_per_order,
        sales_start_at=row.sales_start_at,
        sales_end_at=row.sales_end_at,
        tax_rate=row.tax_rate,
        retired=row.retired,
    )
