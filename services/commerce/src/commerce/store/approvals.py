"""What organisers decided of orders that waited for them."""

from typing import Literal

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from commerce.tables import UNDECIDED, events, order_approvals, orders
from common.db import Transaction
from common.ids import OrderId

Decision = Literal["approved", "rejected"]


async def add_decision(
    tx: Transaction, order_id: OrderId, decision: Decision, reason: str | None, decided_by: str
) -> bool:
    """Write who decided what. False when somebody decided before."""
    values = {"decision": decision, "reason": reason, "decided_by": decided_by, "decided_at": tx.now}
    statement = insert(order_approvals).values(order_id=order_id, **values).on_conflict_do_nothing()
    return await tx.scalar(statement.returning(order_approvals.c.order_id)) is not None


async def find_decision(tx: Transaction, order_id: OrderId) -> Decision | None:
    """What was decided, if anything was."""
    decision: Decision | None = await tx.scalar(
        select(order_approvals.c.decision).where(order_approvals.c.order_id == order_id)
    )
    return decision


async def forget_decision(tx: Transaction, order_id: OrderId) -> None:
    """What was decided was decided of an order that has changed since."""
    await tx.execute(delete(order_approvals).where(order_approvals.c.order_id == order_id))


async def lock_some_undecided(tx: Transaction, limit: int) -> list[OrderId]:
    """Orders nobody decided in time, or whose event is over or was called off meanwhile, longest ago first, locked; those
    others work on are left out."""
    decided = select(order_approvals.c.order_id).where(order_approvals.c.order_id == orders.c.id).exists()
    closed = or_(events.c.status.in_(("cancelled", "ended")), events.c.ends_at <= tx.now)
    too_late = select(events.c.id).where(events.c.id == orders.c.event_id, closed).exists()
    query = select(orders.c.id).where(UNDECIDED, or_(orders.c.approval_until <= tx.now, too_late), ~decided)
    query = query.order_by(orders.c.approval_until).limit(limit)
    return [row.id for row in await tx.all(query.with_for_update(skip_locked=True))]


async def reason_of_rejection(tx: Transaction, order_id: OrderId) -> str | None:
    """What the organiser wrote when they said no, if they did."""
    mine = (order_approvals.c.order_id == order_id) & (order_approvals.c.decision == "rejected")
    reason: str | None = await tx.scalar(select(order_approvals.c.reason).where(mine))
    return reason
