"""Backers of the crowdfunding."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Row

from common.db import Transaction, refusing
from common.ids import BackerId, UserId
from common.paging import newest_first
from common.schemas import Page, View
from identity.domain.backer import Backer, folded
from identity.errors import BackerExists
from identity.tables import crowdfunding_backers as backers

Shown = TypeVar("Shown", bound=View)


async def insert_backer(tx: Transaction, username: str, digest: bytes, tier: str) -> Backer:
    """Put a backer on the list. Refuses a name and code that are on it."""
    values = {"id": tx.new_id(BackerId), "username": username.strip(), "username_key": folded(username)}
    statement = insert(backers).values(**values, access_code_digest=digest, tier=tier, added_at=tx.now)
    with refusing({"uq_crowdfunding_backers_name_and_code": BackerExists}):
        return _backer((await tx.execute(statement.returning(*backers.c))).one())


async def find_unused_backer(tx: Transaction, username: str, digest: bytes) -> BackerId | None:
    """The backer of a name and a code, unless someone came in with them."""
    query = select(backers.c.id).where(
        backers.c.username_key == folded(username),
        backers.c.access_code_digest == digest,
        backers.c.used_by_user_id.is_(None),
    )
    backer_id: BackerId | None = await tx.scalar(query)
    return backer_id


async def claim_backer(tx: Transaction, backer_id: BackerId, user_id: UserId) -> bool:
    """Use a backer's place for a person. False when someone was faster: of many at once exactly one gets True."""
    statement = (
        update(backers)
        .where(backers.c.id == backer_id, backers.c.used_by_user_id.is_(None))
        .values(used_by_user_id=user_id, used_at=tx.now, version=backers.c.version + 1)
    )
    return await tx.scalar(statement.returning(backers.c.id)) is not None


async def list_backers(tx: Transaction, cursor: str | None, limit: int, view: Callable[[Backer], Shown]) -> Page[Shown]:
    """The list, newest first."""
    return await newest_first(
        tx, select(backers), backers.c.id, BackerId, cursor, limit, lambda row: view(_backer(row))
    )


def _backer(row: Row[Any]) -> Backer:
    return Backer(row.id, row.username, row.tier, row.used_by_user_id, row.used_at, row.added_at)
