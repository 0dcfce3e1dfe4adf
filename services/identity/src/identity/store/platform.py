"""The platform's one state, its administrators and its other people."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Boolean, Label, delete, exists, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row

from common.db import Transaction
from common.ids import AdminId, UserId
from common.paging import newest_first
from common.schemas import Page, View
from identity.domain.address import Address
from identity.tables import admins, app_state, platform_roles

Shown = TypeVar("Shown", bound=View)
_KEY = "config"


@dataclass(frozen=True, slots=True)
class Admin:
    """An address that gives the platform role admin to whoever proved it."""

    id: AdminId
    email: str
    note: str | None
    added_at: datetime
    added_by: str


async def crowdfunding_active(tx: Transaction) -> bool:
    """Whether the gate is on. Off when it was never set."""
    query = select(app_state.c.crowdfunding_active).where(app_state.c.key == _KEY)
    return bool(await tx.scalar(query))


async def set_crowdfunding_active(tx: Transaction, actor: str, *, active: bool) -> None:
    """Turn the gate on or off."""
    values = {"crowdfunding_active": active, "changed_at": tx.now, "changed_by": actor}
    statement = insert(app_state).values(key=_KEY, **values)
    await tx.execute(statement.on_conflict_do_update(constraint="pk_app_state", set_=values))


async def insert_admin(tx: Transaction, address: Address, note: str | None, actor: str) -> tuple[Admin, bool]:
    """Put an address on the list; an entry that is there already keeps its date. True when it is new."""
    values = {"id": tx.new_id(AdminId), "email": address.typed, "email_key": address.key}
    statement = insert(admins).values(**values, note=note, added_at=tx.now, added_by=actor)
    statement = statement.on_conflict_do_update(
        constraint="uq_admins_email_key", set_={"note": statement.excluded.note}
    )
    fresh: Label[bool] = literal_column("xmax = 0", Boolean).label("fresh")
    row = (await tx.execute(statement.returning(*admins.c, fresh))).one()
    return _admin(row), bool(row.fresh)


async def delete_admin(tx: Transaction, address_key: str) -> Admin | None:
    """Take an address off the list; None when it was not on it."""
    row = (await tx.execute(delete(admins).where(admins.c.email_key == address_key).returning(*admins.c))).first()
    return _admin(row) if row else None


async def admin_key(tx: Transaction, admin_id: AdminId) -> str | None:
    """The address key of an entry."""
    key: str | None = await tx.scalar(select(admins.c.email_key).where(admins.c.id == admin_id))
    return key


async def is_admin(tx: Transaction, address: Address) -> bool:
    """Whether an address is on the list."""
    return bool(await tx.scalar(select(exists().where(admins.c.email_key == address.key))))


async def list_admins(tx: Transaction, cursor: str | None, limit: int, view: Callable[[Admin], Shown]) -> Page[Shown]:
    """The list, newest first."""
    return await newest_first(tx, select(admins), admins.c.id, AdminId, cursor, limit, lambda row: view(_admin(row)))


async def grant_platform_role(tx: Transaction, user_id: UserId, role: str, actor: str) -> bool:
    """Give a person a platform role. False when they have it."""
    statement = insert(platform_roles).values(user_id=user_id, role=role, granted_at=tx.now, granted_by=actor)
    statement = statement.on_conflict_do_nothing(constraint="pk_platform_roles")
    return await tx.scalar(statement.returning(platform_roles.c.role)) is not None


async def revoke_platform_role(tx: Transaction, user_id: UserId, role: str) -> bool:
    """Take a platform role away. False when the person does not have it."""
    held = (platform_roles.c.user_id == user_id) & (platform_roles.c.role == role)
    return await tx.scalar(delete(platform_roles).where(held).returning(platform_roles.c.role)) is not None


def _admin(row: Row[Any]) -> Admin:
    return Admin(row.id, row.email, row.note, row.added_at, row.added_by)
