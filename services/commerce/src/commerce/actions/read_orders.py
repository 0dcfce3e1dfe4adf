"""Shows orders: one's own, and to an organisation's staff those of its events."""

from collections.abc import Callable
from typing import TypeVar

from commerce.domain.order import Order
from commerce.domain.order_filter import OrderFilter
from commerce.domain.payment import Payment
from commerce.domain.sale import Event
from commerce.errors import UnknownEvent, UnknownOrder
from commerce.store import copies, order_lists, orders
from commerce.store import payments as payments_store
from common.capabilities import Capability, Scope, holds, require_capability
from common.db import Transaction
from common.ids import EventId, OrderId, OrganizationId
from common.principal import Principal
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)


async def read_order(tx: Transaction, principal: Principal, order_id: OrderId) -> tuple[Order, list[Payment]]:
    """An order and its payments, for its buyer and for staff who may read orders."""
    order = require_readable(principal, await orders.find_order(tx, order_id))
    return order, await payments_store.payments_of_order(tx, order_id)


async def list_own_orders(
    tx: Transaction,
    principal: Principal,
    wanted: OrderFilter,
    cursor: str | None,
    limit: int,
    view: Callable[[Order], Model],
) -> Page[Model]:
    """What the caller ordered."""
    mine = order_lists.of_buyer(principal.require_user())
    return await order_lists.page_of_orders(tx, mine, wanted, cursor, limit, view)


async def list_orders_of_event(
    tx: Transaction,
    principal: Principal,
    event_id: EventId,
    wanted: OrderFilter,
    cursor: str | None,
    limit: int,
    view: Callable[[Order], Model],
) -> Page[Model]:
    """What was ordered for an event, for staff of its organisation who may read orders."""
    await find_event_for_staff(tx, principal, event_id)
    return await order_lists.page_of_orders(tx, order_lists.of_event(event_id), wanted, cursor, limit, view)


async def list_orders_of_organization(
    tx: Transaction,
    principal: Principal,
    organization_id: OrganizationId,
    wanted: OrderFilter,
    cursor: str | None,
    limit: int,
    view: Callable[[Order], Model],
) -> Page[Model]:
    """What was ordered for any event of an organisation, for staff who may read orders."""
    require_capability(principal, Capability.COMMERCE_ORDER_READ, Scope(organization_id))
    theirs = order_lists.of_organization(organization_id)
    return await order_lists.page_of_orders(tx, theirs, wanted, cursor, limit, view)


async def find_event_for_staff(tx: Transaction, principal: Principal, event_id: EventId) -> Event:
    """An event whose orders the caller may read. That a published one exists is no secret."""
    event = await copies.find_event(tx, event_id)
    if event is None:
        raise UnknownEvent(retry_after=1)
    scope = Scope(event.organization_id, event.workspace_id)
    if event.status == "draft" and not holds(principal, Capability.COMMERCE_ORDER_READ, scope):
        raise UnknownEvent(retry_after=1)
    require_capability(principal, Capability.COMMERCE_ORDER_READ, scope, public=True)
    return event


def require_readable(principal: Principal, order: Order | None) -> Order:
    """The order, for its buyer and for staff who may read orders; for anyone else there is none."""
    if order is None:
        raise UnknownOrder()
    if principal.user_id != order.buyer_user_id and not reads_as_staff(principal, order):
        raise UnknownOrder()
    return order


def reads_as_staff(principal: Principal, order: Order) -> bool:
    """Whether the caller may read this organisation's orders."""
    return holds(principal, Capability.COMMERCE_ORDER_READ, Scope(order.organization_id))
