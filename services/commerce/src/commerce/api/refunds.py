"""Money that goes back."""

from fastapi import APIRouter, Response

from commerce.actions.read_refund_run import read_refund_run
from commerce.actions.read_refunds import list_refunds
from commerce.actions.refund_order import refund_order
from commerce.actions.resolve_review import resolve_review
from commerce.actions.retry_refund import retry_refund
from commerce.schemas import OrderView
from commerce.schemas.refunds import NewRefund, RefundAnswer, RefundList, RefundRunView, RefundView
from commerce.schemas.review import ReviewDecision
from common.idempotency import Once
from common.ids import EventId, OrderId, RefundId
from common.service import CurrentPrincipal, Db

router = APIRouter()


@router.post("/v1/orders/{order_id}/refunds", status_code=201, response_model=RefundAnswer)
async def refund(order_id: OrderId, body: NewRefund, principal: CurrentPrincipal, once: Once) -> Response:
    """Give money back: the whole order, some of its lines, or an amount. The provider sends it after this was answered."""
    wish = body.wish()
    return await once.run(lambda tx: refund_order(tx, principal, order_id, wish), RefundAnswer.of_all, status=201)


@router.get("/v1/orders/{order_id}/refunds")
async def show_refunds(order_id: OrderId, principal: CurrentPrincipal, database: Db) -> RefundList:
    """What went back for an order, oldest first."""
    async with database.transaction() as tx:
        refunds = await list_refunds(tx, principal, order_id)
    return RefundList(items=[RefundView.of(refund) for refund in refunds])


@router.post("/v1/refunds/{refund_id}/retry")
async def retry(refund_id: RefundId, principal: CurrentPrincipal, database: Db) -> RefundView:
    """Try a failed refund again."""
    async with database.transaction() as tx:
        refund = await retry_refund(tx, principal, refund_id)
    return RefundView.of(refund)


@router.post("/v1/orders/{order_id}/review")
async def decide(order_id: OrderId, body: ReviewDecision, principal: CurrentPrincipal, database: Db) -> OrderView:
    """Decide on an order whose money does not fit it: complete it after all, or send the money back."""
    async with database.transaction() as tx:
        order = await resolve_review(tx, principal, order_id, body.decision, body.reason)
    return OrderView.of(order)


@router.get("/v1/events/{event_id}/refund-run")
async def show_run(event_id: EventId, principal: CurrentPrincipal, database: Db) -> RefundRunView:
    """How far the refunds of a cancelled event are."""
    async with database.transaction() as tx:
        progress = await read_refund_run(tx, principal, event_id)
    return RefundRunView.of(progress)
