"""Backers of the crowdfunding."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Row

from common.db import Transaction, refusing
from common.ids import BackerId, OrganizationId, UserId
from common.paging import newest_first
from common.schemas import Page, View
from identity.domain.backer import Backer, folded
from identity.domain.granting import OWNER
from identity.errors import BackerExists
from identity.tables import crowdfunding_backers as backers
from identity.tables import team_members

Shown = TypeVar("Shown", bound=View)
_TIERS: Final = (
    select(team_members.c.organization_id, backers.c.tier)
    .join(backers, backers.c.used_by_user_id == team_members.c.user_id)
    .where(team_members.c.role == OWNER)
    .distinct()
    .order_by(team_members.c.organization_id, backers.c.tier)
)


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


async def claim_backer(tx: Transaction, backer_id: BackerId, user_id: UserId) -> Backer | None:
    """Use a backer's place for a person. None when someone was faster: of many at once exactly one gets it."""
    statement = (
        update(backers)
        .where(backers.c.id == backer_id, backers.c.used_by_user_id.is_(None))
        .values(used_by_user_id=user_id, used_at=tx.now, version=backers.c.version + 1)
    )
    row = (await tx.execute(statement.returning(*backers.c))).first()
    return None if row is None else _backer(row)


async def tiers_of_owners(tx: Transaction, organization_id: OrganizationId) -> list[str]:
    """The tiers an organisation's owners claimed, each once."""
    rows = await tx.all(_TIERS.where(team_members.c.organization_id == organization_id))
    return [row.tier for row in rows]


async def tiers_by_organization(tx: Transaction) -> dict[OrganizationId, list[str]]:
    """The same of every organisation that a backer owns, for saying their state again."""
    tiers: dict[OrganizationId, list[str]] = {}
    for row in await tx.all(_TIERS):
        tiers.setdefault(row.organization_id, []).append(row.tier)
    return tiers


async def list_backers(tx: Transaction, cursor: str | None, limit: int, view: Callable[[Backer], Shown]) -> Page[Shown]:
    """The list, newest first."""
    return await newest_first(
        tx, select(backers), backers.c.id, BackerId, cursor, limit, lambda row: view(_backer(row))
    )


def _backer(row: Row[Any]) -> Backer:
    return Backer(row.id, row.username, row.tier, row.used_by_user_id, row.used_at, row.added_at, row.version)
