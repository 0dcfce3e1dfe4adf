"""dp's copy of organisations."""

from sqlalchemy.dialects.postgresql import insert

from common.db import Transaction
from common.ids import OrganizationId
from dp.tables import organizations


async def keep_organization(
    tx: Transaction, organization_id: OrganizationId, name: str, sequence: int, *, suspended: bool
) -> None:
    """Make the copy equal to this state, unless it is as new already."""
    values = {"name": name, "suspended": suspended, "sequence": sequence}
    statement = insert(organizations).values(id=organization_id, **values)
    newer = statement.excluded.sequence > organizations.c.sequence
    await tx.execute(statement.on_conflict_do_update(constraint="pk_organizations", set_=values, where=newer))
