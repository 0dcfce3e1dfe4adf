"""Stored objects that nothing shows: noted before they are written and when nothing needs them any more.

So none outlives its use, whatever dies in between.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select

from common.db import Transaction
from common.ids import OrganizationId
from dp.tables import template_images, unwanted_objects


async def note_unwanted(tx: Transaction, keys: Iterable[str], delete_after: datetime) -> None:
    """Have the objects deleted after a moment, unless `adopt` says before that something shows them."""
    rows = [{"key": key, "delete_after": delete_after} for key in keys]
    if rows:
        await tx.execute(insert(unwanted_objects).values(rows))


async def adopt(tx: Transaction, keys: Iterable[str]) -> bool:
    """Something shows the objects from now on. False when one of them was not unwanted, or is gone already."""
    wanted = set(keys)
    statement = delete(unwanted_objects).where(unwanted_objects.c.key.in_(wanted))
    found = {row.key for row in await tx.execute(statement.returning(unwanted_objects.c.key))}
    return found == wanted


async def lock_due(tx: Transaction, limit: int) -> list[str]:
    """Keys whose moment has come. They stay locked, so that nothing adopts them while they are deleted."""
    due = unwanted_objects.c.delete_after <= tx.now
    query = select(unwanted_objects.c.key).where(due).order_by(unwanted_objects.c.delete_after).limit(limit)
    return [row.key for row in await tx.all(query.with_for_update(skip_locked=True))]


async def forget(tx: Transaction, keys: Iterable[str]) -> None:
    """The objects are deleted."""
    gone = list(keys)
    await tx.execute(delete(template_images).where(template_images.c.key.in_(gone)))
    await tx.execute(delete(unwanted_objects).where(unwanted_objects.c.key.in_(gone)))


async def add_template_image(tx: Transaction, key: str, organization_id: OrganizationId, created_by: str) -> None:
    """An organisation may use this image in its designs."""
    values = {"key": key, "organization_id": organization_id, "created_at": tx.now, "created_by": created_by}
    await tx.execute(insert(template_images).values(**values))


async def use_template_images(tx: Transaction, organization_id: OrganizationId, keys: Iterable[str]) -> set[str]:
    """Keep the images for good; the keys among them that are no images of this organisation."""
    wanted = set(keys)
    mine = select(template_images.c.key).where(
        template_images.c.key.in_(wanted), template_images.c.organization_id == organization_id
    )
    # Taking the note away waits for a sweep that is deleting the image; only then is it certain who is still there.
    await tx.execute(delete(unwanted_objects).where(unwanted_objects.c.key.in_(mine)))
    return wanted - {row.key for row in await tx.all(mine)}
