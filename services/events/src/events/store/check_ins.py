"""Scans and what came of them; each is written once and never changed."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from common.db import Transaction
from common.ids import CheckInId, EventId, PassId
from common.paging import newest_first
from common.schemas import Page, View
from events.domain.door import CheckIn
from events.tables import check_ins

Shown = TypeVar("Shown", bound=View)


async def lock_nonce(tx: Transaction, scanner: str, nonce: str) -> None:
    """Let one transaction at a time work on a scanner's nonce: a retry beside its first attempt waits for its answer."""
    key = func.hashtextextended(f"scan {scanner} {nonce}", 0)
    await tx.execute(select(func.pg_advisory_xact_lock(key)))


async def find_by_nonce(tx: Transaction, scanner: str, nonce: str) -> CheckIn | None:
    """The scan this scanner made under that nonce."""
    query = select(check_ins).where(check_ins.c.scanner == scanner, check_ins.c.nonce == nonce)
    row = await tx.one(query)
    return None if row is None else _check_in(row)


async def add_check_in(tx: Transaction, check_in: CheckIn) -> None:
    """Keep a scan."""
    await tx.execute(insert(check_ins).values(**asdict(check_in)))


async def page_of_check_ins(
    tx: Transaction, event_id: EventId, cursor: str | None, limit: int, view: Callable[[CheckIn], Shown]
) -> Page[Shown]:
    """The scans of an event, newest first."""
    query = select(check_ins).where(check_ins.c.event_id == event_id)
    return await newest_first(tx, query, check_ins.c.id, CheckInId, cursor, limit, lambda row: view(_check_in(row)))


async def last_passages(tx: Transaction, pass_ids: list[PassId]) -> dict[PassId, CheckIn]:
    """Of each pass the last scan that let its holder through."""
    query = (
        select(check_ins)
        .where(check_ins.c.pass_id.in_(pass_ids), check_ins.c.reason.is_(None))
        .ext(distinct_on(check_ins.c.pass_id))
        .order_by(check_ins.c.pass_id, check_ins.c.id.desc())
    )
    return {row.pass_id: _check_in(row) for row in await tx.all(query)}


def _check_in(row: Row[Any]) -> CheckIn:
    return CheckIn(**{name: getattr(row, name) for name in CheckIn.__slots__})
