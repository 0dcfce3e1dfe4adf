"""Says who comes with one admission of an order: it takes no place, however sold out the event is."""

from collections.abc import Mapping

from commerce.actions.announce import announce_order
from commerce.domain.order import Order, admission_of, renamed
from commerce.errors import UnknownOrder
from commerce.store import orders
from commerce.store.order_items import save_attendee
from common.capabilities import Capability, Scope, holds, require_capability
from common.db import Transaction
from common.ids import OrderId, OrderLineId
from common.principal import Principal


async def name_attendee(
    tx: Transaction,
    principal: Principal,
    order_id: OrderId,
    line_id: OrderLineId,
    ordinal: int,
    changes: Mapping[str, str | None],
) -> Order:
    """By the order's buyer, or by staff who may write orders. `changes` may hold `name` and `email`.

    Raises UnknownOrder, UnknownAdmission, AdmissionOver.
    """
    order = await orders.lock_order(tx, order_id)
    if order is None or not _may_know(principal, order):
        raise UnknownOrder()
    if principal.user_id != order.buyer_user_id:
        require_capability(
            principal,
            Capability.COMMERCE_ORDER_WRITE,
            Scope(order.organization_id),
            reading=Capability.COMMERCE_ORDER_READ,
        )
    before = admission_of(order, line_id, ordinal)
    name = changes.get("name", before.attendee_name)
    email = changes.get("email", before.attendee_email)
    after = renamed(order, line_id, before, name, email)
    if after is order:
        return order
    save_attendee(tx, line_id, ordinal, name, email)
    orders.save_order(tx, after)
    announce_order(tx, after)
    return after


def _may_know(principal: Principal, order: Order) -> bool:
    if principal.user_id is not None and principal.user_id == order.buyer_user_id:
        return True
    return holds(principal, Capability.COMMERCE_ORDER_READ, Scope(order.organization_id))
