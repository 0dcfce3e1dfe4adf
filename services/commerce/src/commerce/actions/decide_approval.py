"""Lets the organiser decide an order that waits for them: the decision and what is wanted of the provider are recorded in
one transaction, then the provider is asked. What stops that in between, `check_payments` takes up."""

from commerce.actions.announce import announce_order, announce_rejection
from commerce.actions.carry_out_wanted import carry_out_wanted
from commerce.actions.read_orders import reads_as_staff
from commerce.actions.release_stock import release_stock
from commerce.actions.sell_stock import sell_stock
from commerce.adapters.providers import Providers, reason_of
from commerce.domain.order import Order, cancelled, paid
from commerce.domain.payment import Payment, wanting
from commerce.domain.sale import why_event_is_closed
from commerce.errors import ApprovalDecided, EventNotOnSale, OrderNotAwaitingApproval, UnknownOrder
from commerce.store import approvals, copies, orders, payments
from commerce.store.approvals import Decision
from common.capabilities import Capability, Scope, require_capability
from common.db import Database, Transaction
from common.ids import OrderId
from common.principal import Principal
from common.telemetry import logger

log = logger("approval")


async def approve_order(database: Database, providers: Providers, principal: Principal, order_id: OrderId) -> Order:
    """Take what the card is held for; an order that costs nothing is paid with the decision itself.

    Answered as it stands when it was approved before. Raises UnknownOrder, OrderNotAwaitingApproval, ApprovalDecided,
    EventNotOnSale for an event that is over or called off.
    """
    async with database.transaction() as tx:
        held = await _approve(tx, principal, order_id)
    return await _carry_out(database, providers, held, order_id)


async def reject_order(
    database: Database, providers: Providers, principal: Principal, order_id: OrderId, reason: str
) -> Order:
    """Let go of the card and give the places back at once. The buyer is told the reason.

    Answered as it stands when it was rejected before. Raises UnknownOrder, OrderNotAwaitingApproval, ApprovalDecided.
    """
    async with database.transaction() as tx:
        held = await _reject(tx, principal, order_id, reason)
    return await _carry_out(database, providers, held, order_id)


async def _approve(tx: Transaction, principal: Principal, order_id: OrderId) -> list[Payment]:
    order = await _lock_to_decide(tx, principal, order_id)
    if not await _is_first(tx, principal, order, "approved", None):
        return []
    event = await copies.find_event(tx, order.event_id)
    closed = None if event is None else why_event_is_closed(event, tx.now)
    if closed in ("event_cancelled", "event_over"):
        raise EventNotOnSale(reason=closed)
    if not order.total:
        after = paid(order, tx.now)
        orders.save_order(tx, after)
        await sell_stock(tx, order)
        announce_order(tx, after)
        return []
    wanted = [wanting(payment, "capture") for payment in await _held_payments(tx, order_id)]
    for payment in wanted:
        payments.save_payment(tx, payment)
    return wanted


async def _reject(tx: Transaction, principal: Principal, order_id: OrderId, reason: str) -> list[Payment]:
    order = await _lock_to_decide(tx, principal, order_id)
    if not await _is_first(tx, principal, order, "rejected", reason):
        return []
    after = cancelled(order)
    orders.save_order(tx, after)
    held = [wanting(payment, "void") for payment in await _held_payments(tx, order_id)]
    await payments.want_void(tx, [order_id])
    await release_stock(tx, [order])
    announce_order(tx, after)
    announce_rejection(tx, after, reason)
    return held


async def _lock_to_decide(tx: Transaction, principal: Principal, order_id: OrderId) -> Order:
    order = await orders.lock_order(tx, order_id)
    if order is None or not reads_as_staff(principal, order):
        raise UnknownOrder()
    require_capability(principal, Capability.COMMERCE_ORDER_WRITE, Scope(order.organization_id), public=True)
    return order


async def _is_first(
    tx: Transaction, principal: Principal, order: Order, decision: Decision, reason: str | None
) -> bool:
    """Whether this is the decision. False for the same one once more."""
    decided = await approvals.find_decision(tx, order.id)
    if decided is not None:
        if decided != decision:
            raise ApprovalDecided(decision=decided)
        return False
    if order.status != "awaiting_approval":
        raise OrderNotAwaitingApproval(status=order.status)
    if not await approvals.add_decision(tx, order.id, decision, reason, principal.actor):
        raise ApprovalDecided(decision="decided")
    return True


async def _held_payments(tx: Transaction, order_id: OrderId) -> list[Payment]:
    """The payment whose card is held for the order: there is one, for every other was let go of."""
    found = await payments.payments_of_order(tx, order_id)
    return [payment for payment in found if payment.status == "pending" and payment.held_at and payment.wanted is None]


async def _carry_out(database: Database, providers: Providers, wanted: list[Payment], order_id: OrderId) -> Order:
    """A provider that is away is asked again by a job: the decision stands."""
    for payment in wanted:
        try:
            await carry_out_wanted(database, providers, payment)
        except Exception as error:  # noqa: BLE001 - whatever it is, the intent is recorded and taken up again
            log.warning("a held card waits for its provider", payment=payment.id, reason=reason_of(error))
    async with database.transaction() as tx:
        order = await orders.find_order(tx, order_id)
    assert order is not None, "orders are never deleted"
    return order
