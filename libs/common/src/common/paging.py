"""Lists page by the last id seen, so that inserts never shift or repeat an item.

Ids are UUIDv7 and therefore grow with time: newest first is `ORDER BY id DESC`, and the cursor is an id.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select
from sqlalchemy.engine import Row

from common.db import Transaction
from common.ids import Id, MalformedId
from common.refusals import Unprocessable
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)


class MalformedCursor(Unprocessable):
    """This cursor did not come from an answer of this list. Leave it out to begin anew."""

    code = "common.malformed_cursor"


async def newest_first(
    transaction: Transaction,
    query: Select[Any],
    id_column: ColumnElement[Any],
    kind: type[Id],
    cursor: str | None,
    limit: int,
    view: Callable[[Row[Any]], Model],
) -> Page[Model]:
    """One page of `query`, newest first. Refuses a cursor that is no id of `kind`."""
    if cursor is not None:
        query = query.where(id_column < _position(cursor, kind))
    rows: Sequence[Row[Any]] = await transaction.all(query.order_by(id_column.desc()).limit(limit + 1))
    shown = rows[:limit]
    following = str(kind.from_uuid(shown[-1].id.uuid)) if len(rows) > limit else None
    return Page[Model](items=[view(row) for row in shown], next_cursor=following)


def _position(cursor: str, kind: type[Id]) -> Id:
    try:
        return kind(cursor)
    except MalformedId:
        raise MalformedCursor(pointer="/query/cursor") from None
