"""Devices and API keys: two tables of one shape."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Table, func, insert, select, update
from sqlalchemy.engine import Row

from common.db import Transaction
from common.ids import DeviceId, OrganizationId
from common.paging import newest_first
from common.schemas import Page, View
from identity.domain.machine import Machine, MachineId
from identity.tables import api_keys, devices, organizations

Shown = TypeVar("Shown", bound=View)


async def insert_machine(tx: Transaction, machine: Machine) -> None:
    """Keep a new device or key."""
    await tx.execute(
        insert(_table(type(machine.id))).values(
            id=machine.id,
            organization_id=machine.organization_id,
            name=machine.name,
            role=machine.role,
            digest=machine.digest,
            created_by=machine.created_by,
            created_at=machine.created_at,
            expires_at=machine.expires_at,
        )
    )


async def find_machine(tx: Transaction, machine_id: MachineId) -> tuple[Machine, bool] | None:
    """A device or key, and whether its organisation is suspended."""
    table = _table(type(machine_id))
    query = select(table, organizations.c.suspended_at).join(
        organizations, organizations.c.id == table.c.organization_id
    )
    row = await tx.one(query.where(table.c.id == machine_id))
    return (_machine(row), row.suspended_at is not None) if row else None


async def revoke_machine(tx: Transaction, organization_id: OrganizationId, machine_id: MachineId) -> bool:
    """Revoke a device or key of that organisation. False when it has none of that id; one revoked before stays so."""
    table = _table(type(machine_id))
    statement = (
        update(table)
        .where(table.c.id == machine_id, table.c.organization_id == organization_id)
        .values(revoked_at=func.coalesce(table.c.revoked_at, tx.now), version=table.c.version + 1)
    )
    return await tx.scalar(statement.returning(table.c.id)) is not None


async def end_expired_machines(tx: Transaction) -> list[MachineId]:
    """Mark those whose end has come; which they are."""
    ended: list[MachineId] = []
    for table in (devices, api_keys):
        due = (table.c.expires_at <= tx.now) & table.c.revoked_at.is_(None)
        statement = update(table).where(due).values(revoked_at=tx.now, version=table.c.version + 1)
        ended.extend(row.id for row in (await tx.execute(statement.returning(table.c.id))).all())
    return ended


async def rights_changed(tx: Transaction, organization_id: OrganizationId) -> list[MachineId]:
    """Note that the rights of all machines of an organisation changed; which they are."""
    changed: list[MachineId] = []
    for table in (devices, api_keys):
        statement = update(table).where(table.c.organization_id == organization_id, table.c.revoked_at.is_(None))
        rows = await tx.execute(statement.values(version=table.c.version + 1).returning(table.c.id))
        changed.extend(row.id for row in rows.all())
    return changed


async def list_machines(
    tx: Transaction,
    kind: type[MachineId],
    organization_id: OrganizationId,
    cursor: str | None,
    limit: int,
    view: Callable[[Machine], Shown],
) -> Page[Shown]:
    """The devices or the keys of an organisation, newest first, revoked ones included."""
    table = _table(kind)
    query = select(table).where(table.c.organization_id == organization_id)
    return await newest_first(tx, query, table.c.id, kind, cursor, limit, lambda row: view(_machine(row)))


def _table(kind: type[MachineId]) -> Table:
    return devices if kind is DeviceId else api_keys


def _machine(row: Row[Any]) -> Machine:
    return Machine(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        role=row.role,
        digest=row.digest,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        version=row.version,
    )
