"""Shows orders: one's own, and to an organisation's staff those of its events."""

from collections.abc import Callable
from typing import TypeVar

from commerce.domain.order import Order, Status
from commerce.domain.payment import Payment
from commerce.domain.sale import Event
from commerce.errors import UnknownEvent, UnknownOrder, UnknownPage
from commerce.store import copies, orders
from commerce.store import payments as payments_store
from common.capabilities import Capability, Scope, holds, require_capability
from common.db import Transaction
from common.ids import EventId, OrderId
from common.principal import Principal
from common.schemas import Page, View

Model = TypeVar("Model", bound=View)


async def read_order(tx: Transaction, principal: Principal, order_id: OrderId) -> tuple[Order, list[Payment]]:
    """An order and its payments, for its buyer and for staff who may read orders."""
    order = await orders.find_order(tx, order_id)
    if order is None or not _may_read(principal, order):
        raise UnknownOrder()
    return order, await payments_store.payments_of_order(tx, order_id)


async def read_order_page(tx: Transaction, token: str) -> tuple[Order, Event | None]:
    """What the secret page shows. Whoever has the link may look."""
    order = await orders.find_order_by_page_token(tx, token)
    if order is None:
        raise UnknownPage()
    return order, await copies.find_event(tx, order.event_id)


async def list_own_orders(
    tx: Transaction,
    principal: Principal,
    status: Status | None,
    cursor: str | None,
    limit: int,
    view: Callable[[Order], Model],
) -> Page[Model]:
    """What the caller ordered."""
    return await orders.orders_of_buyer(tx, principal.require_user(), status, cursor, limit, view)


async def list_orders_of_event(
    tx: Transaction,
    principal: Principal,
    event_id: EventId,
    status: Status | None,
    cursor: str | None,
    limit: int,
    view: Callable[[Order], Model],
) -> Page[Model]:
    """What was ordered for an event, for staff of its organisation who may read orders."""
    event = await copies.find_event(tx, event_id)
    if event is None:
        raise UnknownEvent(retry_after=1)
    scope = Scope(event.organization_id, event.workspace_id)
    if event.status == "draft" and not holds(principal, Capability.COMMERCE_ORDER_READ, scope):
        raise UnknownEvent(retry_after=1)
    require_capability(principal, Capability.COMMERCE_ORDER_READ, scope, public=True)
    return await orders.orders_of_event(tx, event_id, status, cursor, limit, view)


def _may_read(principal: Principal, order: Order) -> bool:
    if principal.user_id == order.buyer_user_id:
        return True
    return holds(principal, Capability.COMMERCE_ORDER_READ, Scope(order.organization_id))
