"""Lists of orders, newest first: of a buyer, of an event, of an organisation.

What was typed is looked for in three ways, each bounded by something other than the size of the platform. An order's number
and the beginning of a mail address have an index. Any other piece of text is compared with one order after the other, newest
first and only within the list: an index of all pieces (PostgreSQL's GIN, as trigrams or words) would cost each new order more
than its own row does, and a needle that is nowhere among 100,000 orders takes less than a second as it is.
"""

from collections.abc import AsyncGenerator, Callable
from typing import Final, TypeVar

from sqlalchemy import ColumnElement, any_, exists, false, func, or_, select, text, true, union_all

from commerce.domain.order import Order
from commerce.domain.order_filter import OrderFilter, orders_that_begin_with
from commerce.store.orders import order_of, whole_orders
from commerce.tables import admissions, order_lines, orders
from common.db import Transaction
from common.ids import EventId, OrderId, OrganizationId, UserId
from common.paging import newest_first
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)

_AT_ONCE: Final = 50
"""Making so many into lines keeps other requests waiting no longer than some milliseconds."""


async def page_of_orders(
    tx: Transaction,
    whose: ColumnElement[bool],
    wanted: OrderFilter,
    cursor: str | None,
    limit: int,
    view: Callable[[Order], Model],
) -> Page[Model]:
    """A page of those orders that fit, newest first."""
    query = whole_orders(whose & fitting(wanted))
    return await newest_first(tx, query, orders.c.id, OrderId, cursor, limit, lambda row: view(order_of(row)))


async def each_order(tx: Transaction, whose: ColumnElement[bool], wanted: OrderFilter) -> AsyncGenerator[Order]:
    """Those orders that fit, oldest first, read through a cursor of the server: never more than some at a time.

    A reader who stands still for a minute is let go by the server: an open transaction holds up its cleaning.
    """
    await tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))
    query = whole_orders(whose & fitting(wanted)).order_by(orders.c.id)
    async for row in tx.stream(query, _AT_ONCE):
        yield order_of(row)


def of_buyer(buyer: UserId) -> ColumnElement[bool]:
    """What someone ordered."""
    return orders.c.buyer_user_id == buyer


def of_event(event_id: EventId) -> ColumnElement[bool]:
    """What was ordered for an event."""
    return orders.c.event_id == event_id


def of_organization(organization_id: OrganizationId) -> ColumnElement[bool]:
    """What was ordered for any event of an organisation."""
    return orders.c.organization_id == organization_id


def fitting(wanted: OrderFilter) -> ColumnElement[bool]:
    """The condition that an order is one of those looked for."""
    condition: ColumnElement[bool] = true()
    if wanted.statuses:
        condition &= orders.c.status.in_(wanted.statuses)
    if wanted.placed_from is not None:
        condition &= orders.c.placed_at >= wanted.placed_from
    if wanted.placed_until is not None:
        condition &= orders.c.placed_at < wanted.placed_until
    if wanted.promo_code is not None:
        condition &= func.lower(orders.c.promo_code) == wanted.promo_code.lower()
    if wanted.ticket_tier_id is not None:
        of_tier = order_lines.c.ticket_tier_id == wanted.ticket_tier_id
        condition &= exists().where(order_lines.c.order_id == orders.c.id, of_tier)
    if wanted.sought is not None:
        condition &= _named(wanted.sought)
    return condition


def _named(typed: str) -> ColumnElement[bool]:
    if typed.lower().startswith(f"{OrderId.prefix}_"):
        numbers = orders_that_begin_with(typed)
        return false() if numbers is None else orders.c.id.between(*numbers)
    return _with_address(typed) if "@" in typed[1:] else _with_part(typed)


def _with_address(beginning: str) -> ColumnElement[bool]:
    """By the indexes `ix_orders_buyer_email` and `ix_admissions_attendee_email`, whosever the orders are."""
    pattern = _escaped(beginning) + "%"
    bought_by = orders.alias("bought_by")
    bought = select(bought_by.c.id).where(func.lower(bought_by.c.buyer_email).like(func.lower(pattern)))
    comes = (
        select(order_lines.c.order_id)
        .join_from(admissions, order_lines, order_lines.c.id == admissions.c.line_id)
        .where(func.lower(admissions.c.attendee_email).like(func.lower(pattern)))
    )
    # Gathered first: as a list beside the event's index they are looked up, not compared with every order of the event.
    return orders.c.id == any_(func.array(union_all(bought, comes).scalar_subquery()))


def _with_part(part: str) -> ColumnElement[bool]:
    pattern = func.lower(f"%{_escaped(part)}%")
    # The limit of nothing keeps the planner from reading every attendee of the platform at once instead.
    of_line = (
        select(true())
        .where(admissions.c.line_id == order_lines.c.id)
        .where(
            or_(
                func.lower(admissions.c.attendee_name).like(pattern),
                func.lower(admissions.c.attendee_email).like(pattern),
            )
        )
        .offset(0)
        .correlate(order_lines)
        .lateral()
    )
    attended = (
        select(true()).select_from(order_lines.join(of_line, true())).where(order_lines.c.order_id == orders.c.id)
    )
    return or_(
        func.lower(orders.c.buyer_email).like(pattern),
        func.lower(orders.c.buyer_name).like(pattern),
        attended.correlate(orders).exists(),
    )


def _escaped(typed: str) -> str:
    """What stands for anything in a pattern stands for itself in what people type."""
    return typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
