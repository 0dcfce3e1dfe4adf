"""Copies of wallet passes. A message older than what is held changes nothing."""

from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from commerce.domain.order_pass import OrderPass
from commerce.tables import order_passes
from common.db import Transaction
from common.ids import OrderId

_ANEW: Final = insert(order_passes)
_SAVE: Final = _ANEW.on_conflict_do_update(
    constraint="pk_order_passes",
    set_={column.name: _ANEW.excluded[column.name] for column in order_passes.c if column.name != "id"},
    where=order_passes.c.sequence < _ANEW.excluded.sequence,
)


def save_pass(tx: Transaction, order_pass: OrderPass, sequence: int) -> None:
    """Make our copy equal to the message, as this commits."""
    values = {
        "id": order_pass.id,
        "sequence": sequence,
        "order_id": order_pass.order_id,
        "pass_id": order_pass.pass_id,
        "generation": order_pass.generation,
        "status": order_pass.status,
        "ticket_tier_name": order_pass.ticket_tier_name,
        "attendee_name": order_pass.attendee_name,
        "link_key": order_pass.link_key,
    }
    tx.post(_SAVE, values)


async def passes_of_order(tx: Transaction, order_id: OrderId) -> list[OrderPass]:
    """The present state of each pass of an order, in the order they were made."""
    newest = (
        select(order_passes)
        .where(order_passes.c.order_id == order_id)
        .ext(distinct_on(order_passes.c.pass_id))
        .order_by(order_passes.c.pass_id, order_passes.c.generation.desc())
    )
    return [_pass_of(row) for row in await tx.all(newest)]


def _pass_of(row: Row[Any]) -> OrderPass:
    return OrderPass(
        id=row.id,
        order_id=row.order_id,
        pass_id=row.pass_id,
        generation=row.generation,
        status=row.status,
        ticket_tier_name=row.ticket_tier_name,
        attendee_name=row.attendee_name,
        link_key=row.link_key,
    )
