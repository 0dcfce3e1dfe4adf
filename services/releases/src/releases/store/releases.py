"""Releases."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, Select, insert, select, tuple_, update

from common.db import Transaction, refusing
from common.ids import MalformedId, ReleaseId
from common.paging import MalformedCursor
from releases.domain.release import HEADINGS, Notes, Release
from releases.errors import NoSuchRelease, VersionTaken
from releases.tables import releases

_UNIQUE = {"uq_releases_channel_version": VersionTaken}


async def add(tx: Transaction, release: Release) -> None:
    """Keep a new release. Refuses a version its channel has already (VersionTaken)."""
    with refusing(_UNIQUE):
        await tx.execute(insert(releases).values(**asdict(release)))


async def save(tx: Transaction, release: Release) -> None:
    """Keep a locked release as it is now. Refuses a version its channel has already (VersionTaken)."""
    with refusing(_UNIQUE):
        await tx.execute(update(releases).where(releases.c.id == release.id).values(**asdict(release)))


async def find(tx: Transaction, release_id: ReleaseId) -> Release:
    """A release. Raises NoSuchRelease."""
    return _found(await tx.one(_by_id(release_id)))


async def lock(tx: Transaction, release_id: ReleaseId) -> Release:
    """A release, locked until this transaction ends. Raises NoSuchRelease."""
    return _found(await tx.one(_by_id(release_id).with_for_update()))


async def public_page(
    tx: Transaction, channel: str | None, cursor: str | None, limit: int
) -> tuple[list[Release], str | None]:
    """Up to `limit` releases that were published, the newest publication first, and the cursor of the next page."""
    position = (releases.c.published_at, releases.c.id)
    query = select(releases).where(releases.c.published_at.is_not(None))
    if channel is not None:
        query = query.where(releases.c.channel == channel)
    if cursor is not None:
        last = select(*position).where(releases.c.id == _cursor(cursor)).scalar_subquery()
        query = query.where(tuple_(*position) < last)
    ordered = query.order_by(releases.c.published_at.desc(), releases.c.id.desc())
    return _page(await tx.all(ordered.limit(limit + 1)), limit)


async def draft_page(
    tx: Transaction, channel: str | None, cursor: str | None, limit: int
) -> tuple[list[Release], str | None]:
    """Up to `limit` drafts, the newest first, and the cursor of the next page."""
    query = select(releases).where(releases.c.status == "draft")
    if channel is not None:
        query = query.where(releases.c.channel == channel)
    if cursor is not None:
        query = query.where(releases.c.id < _cursor(cursor))
    return _page(await tx.all(query.order_by(releases.c.id.desc()).limit(limit + 1)), limit)


async def public_after(tx: Transaction, last: ReleaseId | None, limit: int) -> list[Release]:
    """Releases that were published, in the order of their ids, from just behind `last`."""
    query = select(releases).where(releases.c.published_at.is_not(None)).order_by(releases.c.id).limit(limit)
    return [_release(row) for row in await tx.all(query if last is None else query.where(releases.c.id > last))]


def _by_id(release_id: ReleaseId) -> Select[Any]:
    return select(releases).where(releases.c.id == release_id)


def _cursor(text: str) -> ReleaseId:
    try:
        return ReleaseId(text)
    except MalformedId:
        raise MalformedCursor(pointer="/query/cursor") from None


def _page(rows: Any, limit: int) -> tuple[list[Release], str | None]:
    shown = [_release(row) for row in rows[:limit]]
    return shown, str(shown[-1].id) if len(rows) > limit else None


def _found(row: Row[Any] | None) -> Release:
    if row is None:
        raise NoSuchRelease()
    return _release(row)


def _release(row: Row[Any]) -> Release:
    values = dict(zip(releases.c.keys(), row, strict=True))
    notes = Notes(**{heading: tuple(values["notes"][heading]) for heading in HEADINGS})
    return Release(**{**values, "notes": notes})
