"""What people are told inside the app."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row

from common.db import Transaction
from common.ids import NotificationId, UserId
from common.paging import newest_first
from common.schemas import Page, View
from identity.tables import notifications, users

Shown = TypeVar("Shown", bound=View)


@dataclass(frozen=True, slots=True)
class Notice:
    """What to tell; `key` says what it is about, so that nobody is told the same twice."""

    key: str
    kind: str
    title: str
    body: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """What someone was told."""

    id: NotificationId
    kind: str
    title: str
    body: str
    link: str | None
    created_at: datetime
    read_at: datetime | None


async def add_notifications(
    tx: Transaction, user_ids: Collection[UserId], notice: Notice
) -> list[tuple[UserId, Notification]]:
    """Keep a notice for people, once each; those it is new to. Whoever has no account here is passed over."""
    known = await tx.all(select(users.c.id).where(users.c.id.in_(user_ids)))
    added: list[tuple[UserId, Notification]] = []
    for row in known:
        statement = insert(notifications).values(
            id=tx.new_id(NotificationId),
            user_id=row.id,
            key=notice.key,
            kind=notice.kind,
            title=notice.title,
            body=notice.body,
            link=notice.link,
            created_at=tx.now,
        )
        statement = statement.on_conflict_do_nothing(constraint="uq_notifications_one_per_key")
        if new := (await tx.execute(statement.returning(notifications))).first():
            added.append((row.id, _notification(new)))
    return added


async def list_notifications(
    tx: Transaction, user_id: UserId, cursor: str | None, limit: int, view: Callable[[Notification], Shown]
) -> Page[Shown]:
    """What a person was told, newest first."""
    query = select(notifications).where(notifications.c.user_id == user_id)
    return await newest_first(
        tx, query, notifications.c.id, NotificationId, cursor, limit, lambda row: view(_notification(row))
    )


async def count_unread(tx: Transaction, user_id: UserId) -> int:
    """How many of them the person has not read."""
    unread = (notifications.c.user_id == user_id) & notifications.c.read_at.is_(None)
    return int(await tx.scalar(select(func.count()).select_from(notifications).where(unread)) or 0)


async def mark_read(tx: Transaction, user_id: UserId, ids: Collection[NotificationId] | None) -> None:
    """Mark some of a person's notifications read, or with None all of them. Others' are not touched."""
    unread = (notifications.c.user_id == user_id) & notifications.c.read_at.is_(None)
    if ids is not None:
        unread &= notifications.c.id.in_(ids)
    await tx.execute(update(notifications).where(unread).values(read_at=tx.now))


def _notification(row: Row[Any]) -> Notification:
    return Notification(row.id, row.kind, row.title, row.body, row.link, row.created_at, row.read_at)
