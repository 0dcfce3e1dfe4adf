"""Promo codes and automatic discounts, and the one guarded statement that moves their counts."""

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Row, bindparam, func, insert, literal_column, or_, select, update

from commerce.domain.promo import PromoCode, UseOf
from commerce.errors import PromoCodeTaken
from commerce.tables import promo_codes
from common.db import Transaction, refusing
from common.ids import EventId, PromoCodeId, TicketTierId
from common.paging import newest_first
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)
_FIELDS: Final = tuple(field.name for field in fields(PromoCode))
_COUNTS: Final = ("held_uses", "used_uses", "held_amount", "used_amount")
_EVENT: Final = bindparam("event", type_=promo_codes.c.event_id.type)
_WHOLE_ROW: Final = func.to_jsonb(literal_column("promo_codes"))

AUTOMATIC: Final = (
    select(func.jsonb_agg(_WHOLE_ROW))
    .select_from(promo_codes)
    .where(promo_codes.c.event_id == _EVENT, promo_codes.c.code.is_(None), ~promo_codes.c.disabled)
    .scalar_subquery()
)
"""The automatic discounts of the event of a query, in one column of it."""
TYPED: Final = (
    select(_WHOLE_ROW)
    .select_from(promo_codes)
    .where(promo_codes.c.event_id == _EVENT, promo_codes.c.code == bindparam("code", type_=promo_codes.c.code.type))
    .scalar_subquery()
)
"""What the code stands for that somebody typed, in one column of a query."""

_USES, _AMOUNT = bindparam("uses", type_=Integer), bindparam("off", type_=BigInteger)
_ROW: Final = update(promo_codes).where(promo_codes.c.id == bindparam("promo", type_=promo_codes.c.id.type))
# Built once, as the statements that move stock are: a code may be wanted by a whole rush.
_LEFT: Final = (
    ~promo_codes.c.disabled,
    or_(
        promo_codes.c.max_uses.is_(None),
        promo_codes.c.held_uses + promo_codes.c.used_uses + _USES <= promo_codes.c.max_uses,
    ),
    or_(
        promo_codes.c.budget.is_(None),
        promo_codes.c.held_amount + promo_codes.c.used_amount + _AMOUNT <= promo_codes.c.budget,
    ),
)
_MORE_HELD: Final = {
    "held_uses": promo_codes.c.held_uses + _USES,
    "held_amount": promo_codes.c.held_amount + _AMOUNT,
}
_MORE_USED: Final = {
    "used_uses": promo_codes.c.used_uses + _USES,
    "used_amount": promo_codes.c.used_amount + _AMOUNT,
}
_LESS_HELD: Final = {
    "held_uses": promo_codes.c.held_uses - _USES,
    "held_amount": promo_codes.c.held_amount - _AMOUNT,
}
_LESS_USED: Final = {
    "used_uses": promo_codes.c.used_uses - _USES,
    "used_amount": promo_codes.c.used_amount - _AMOUNT,
}
_TAKE: Final = {
    "held": _ROW.where(*_LEFT).values(**_MORE_HELD),
    "used": _ROW.where(*_LEFT).values(**_MORE_USED),
}
_GIVE_BACK: Final = {"held": _ROW.values(**_LESS_HELD), "used": _ROW.values(**_LESS_USED)}
_USE_HELD: Final = _ROW.values(**_LESS_HELD, **_MORE_USED)


async def take(tx: Transaction, promo_code_id: PromoCodeId, use: UseOf, amount: int, *, uses: int = 1) -> bool:
    """Hold or use it for one order that it takes `amount` off, if as much is left. The row stays locked. No more `uses` are
    taken for an order that has one already.

    The condition is checked again on the newest row after waiting for its lock: this is what never lets one more through.
    """
    values = {"promo": promo_code_id, "uses": uses, "off": amount}
    return (await tx.execute(_TAKE[use], values)).rowcount == 1


async def use_held(tx: Transaction, promo_code_id: PromoCodeId, amount: int) -> None:
    """What an order held of it is used: what is left stays the same."""
    await tx.execute(_USE_HELD, {"promo": promo_code_id, "uses": 1, "off": amount})


async def give_back(tx: Transaction, promo_code_id: PromoCodeId, use: UseOf, uses: int, amount: int) -> None:
    """Return what so many orders had of it."""
    await tx.execute(_GIVE_BACK[use], {"promo": promo_code_id, "uses": uses, "off": amount})


async def add_promo_code(tx: Transaction, promo: PromoCode) -> None:
    """Write a new one. Raises PromoCodeTaken."""
    with refusing({"uq_promo_codes_code": PromoCodeTaken}):
        await tx.execute(insert(promo_codes).values(**_state_of(promo), id=promo.id, event_id=promo.event_id))


async def save_promo_code(tx: Transaction, promo: PromoCode) -> None:
    """Write its terms, not its counts. The caller holds its lock."""
    with refusing({"uq_promo_codes_code": PromoCodeTaken}):
        await tx.execute(update(promo_codes).where(promo_codes.c.id == promo.id).values(**_state_of(promo)))


async def find_promo_code(tx: Transaction, promo_code_id: PromoCodeId) -> PromoCode | None:
    """One of them."""
    row = await tx.one(select(promo_codes).where(promo_codes.c.id == promo_code_id))
    return None if row is None else _promo_of(row)


async def lock_promo_code(tx: Transaction, promo_code_id: PromoCodeId) -> PromoCode | None:
    """One of them, locked until this transaction ends."""
    row = await tx.one(select(promo_codes).where(promo_codes.c.id == promo_code_id).with_for_update())
    return None if row is None else _promo_of(row)


async def count_automatic(tx: Transaction, event_id: EventId, without: PromoCodeId) -> int:
    """How many other automatic discounts an event has."""
    table = promo_codes.c
    mine = (table.event_id == event_id) & table.code.is_(None) & ~table.disabled & (table.id != without)
    return int(await tx.scalar(select(func.count()).select_from(promo_codes).where(mine)))


async def promo_codes_of_event(
    tx: Transaction, event_id: EventId, cursor: str | None, limit: int, view: Callable[[PromoCode], Model]
) -> Page[Model]:
    """All of an event, newest first."""
    query = select(promo_codes).where(promo_codes.c.event_id == event_id)
    return await newest_first(tx, query, promo_codes.c.id, PromoCodeId, cursor, limit, lambda row: view(_promo_of(row)))


def promo_of(value: dict[str, Any]) -> PromoCode:
    """From a whole row as JSON."""
    return PromoCode(
        **{
            **{name: value[name] for name in _FIELDS},
            "id": PromoCodeId.from_uuid(UUID(value["id"])),
            "event_id": EventId.from_uuid(UUID(value["event_id"])),
            "ticket_tier_ids": tuple(TicketTierId.from_uuid(UUID(tier)) for tier in value["ticket_tier_ids"]),
            "valid_from": _moment(value["valid_from"]),
            "valid_until": _moment(value["valid_until"]),
        }
    )


def _promo_of(row: Row[Any]) -> PromoCode:
    values = {name: getattr(row, name) for name in _FIELDS}
    return PromoCode(**{**values, "ticket_tier_ids": tuple(row.ticket_tier_ids)})


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _state_of(promo: PromoCode) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(promo).items() if name not in (*_COUNTS, "id", "event_id")}
    return {**kept, "ticket_tier_ids": list(promo.ticket_tier_ids)}
