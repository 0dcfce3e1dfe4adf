"""People."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row

from common.db import Transaction, refusing
from common.ids import BackerId, UserId
from common.paging import newest_first
from common.schemas import Page, View
from identity.domain.address import Address
from identity.domain.user import User
from identity.errors import TooManyMemberships
from identity.tables import users

Shown = TypeVar("Shown", bound=View)


async def find_user(tx: Transaction, user_id: UserId) -> User | None:
    """The person of an id."""
    row = await tx.one(select(users).where(users.c.id == user_id))
    return user_of(row) if row else None


async def find_user_by_address(tx: Transaction, address: Address) -> User | None:
    """The person who proved an address."""
    row = await tx.one(select(users).where(users.c.email_key == address.key))
    return user_of(row) if row else None


async def lock_user(tx: Transaction, user_id: UserId) -> User | None:
    """The person of an id, locked."""
    row = await tx.one(select(users).where(users.c.id == user_id).with_for_update())
    return user_of(row) if row else None


async def lock_user_by_address(tx: Transaction, address: Address) -> User | None:
    """The person who proved an address, locked."""
    row = await tx.one(select(users).where(users.c.email_key == address.key).with_for_update())
    return user_of(row) if row else None


async def insert_user(tx: Transaction, user_id: UserId, address: Address) -> User | None:
    """A new person; None when someone else made the account for that address a moment ago."""
    values = {"id": user_id, "email": address.typed, "email_key": address.key, "created_at": tx.now}
    statement = insert(users).values(**values).on_conflict_do_nothing(constraint="uq_users_email_key")
    row = (await tx.execute(statement.returning(*users.c))).first()
    return user_of(row) if row else None


async def link_backer(tx: Transaction, user_id: UserId, backer_id: BackerId) -> None:
    """Remember with the person which backer they are."""
    await tx.execute(update(users).where(users.c.id == user_id).values(crowdfunding_backer_id=backer_id))


async def rename(tx: Transaction, user_id: UserId, name: str | None) -> User:
    """Give a person another name. What look-ups say changes with it."""
    statement = (
        update(users)
        .where(users.c.id == user_id)
        .values(
            name=name,
            version=users.c.version + 1,
            authorization_version=users.c.authorization_version + 1,
        )
    )
    return user_of((await tx.execute(statement.returning(*users.c))).one())


async def suspend(tx: Transaction, user_id: UserId, *, suspended: bool) -> User:
    """Take a person's access away, or give it back."""
    statement = (
        update(users)
        .where(users.c.id == user_id)
        .values(
            suspended_at=tx.now if suspended else None,
            authorization_version=users.c.authorization_version + 1,
        )
    )
    return user_of((await tx.execute(statement.returning(*users.c))).one())


async def change_rights(tx: Transaction, user_ids: Collection[UserId], *, memberships: int = 0) -> None:
    """Note that the rights of these people changed, and with them the number of their memberships.

    Refuses where one of them would have more than 200.
    """
    statement = (
        update(users)
        .where(users.c.id.in_(user_ids))
        .values(
            authorization_version=users.c.authorization_version + 1,
            membership_count=users.c.membership_count + memberships,
        )
    )
    with refusing({"ck_users_memberships_are_few": TooManyMemberships}):
        await tx.execute(statement)


async def list_users(
    tx: Transaction, email_key: str | None, cursor: str | None, limit: int, view: Callable[[User], Shown]
) -> Page[Shown]:
    """People, newest first; with `email_key` the owner of that address."""
    query = select(users)
    if email_key is not None:
        query = query.where(users.c.email_key == email_key)
    return await newest_first(tx, query, users.c.id, UserId, cursor, limit, lambda row: view(user_of(row)))


async def every_user(tx: Transaction) -> list[User]:
    """Everyone, for saying their state again."""
    return [user_of(row) for row in await tx.all(select(users).order_by(users.c.id))]


def user_of(row: Row[Any]) -> User:
    """The person a row of `users` holds."""
    return User(
        id=row.id,
        address=Address(row.email, row.email_key),
        name=row.name,
        created_at=row.created_at,
        suspended_at=row.suspended_at,
        backer_id=row.crowdfunding_backer_id,
        authorization_version=row.authorization_version,
        version=row.version,
    )
