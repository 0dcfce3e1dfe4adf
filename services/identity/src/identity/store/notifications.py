"""What people are told inside the app."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Text, Uuid, bindparam, column, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row

from common.db import Transaction, moment
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


_TOLD = (
    func.unnest(bindparam("ids", type_=ARRAY(Uuid)), bindparam("people", type_=ARRAY(Uuid)))
    .table_valued(column("id", Uuid), column("user_id", Uuid), name="told")
    .render_derived()
)
_ADD = (
    insert(notifications)
    .from_select(
        ["id", "user_id", "key", "kind", "title", "body", "link", "created_at"],
        select(
            _TOLD.c.id,
            _TOLD.c.user_id,
            bindparam("key", type_=Text),
            bindparam("kind", type_=Text),
            bindparam("title", type_=Text),
            bindparam("body", type_=Text),
            bindparam("link", type_=Text),
            bindparam("now", type_=moment()),
        )
        .select_from(_TOLD.join(users, users.c.id == _TOLD.c.user_id))
        .order_by(_TOLD.c.user_id),
    )
    .on_conflict_do_nothing(constraint="uq_notifications_one_per_key")
    .returning(notifications)
)


async def add_notifications(
    tx: Transaction, user_ids: Collection[UserId], notice: Notice
) -> list[tuple[UserId, Notification]]:
    """Keep a notice for people, once each; those it is new to. Whoever has no account here is passed over."""
    told = sorted(set(user_ids))
    values = {
        "ids": [tx.new_id(NotificationId).uuid for _ in told],
        "people": [user_id.uuid for user_id in told],
        "key": notice.key,
        "kind": notice.kind,
        "title": notice.title,
        "body": notice.body,
        "link": notice.link,
        "now": tx.now,
    }
    return [(row.user_id, _notification(row)) for row in await tx.all(_ADD, values)]


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
