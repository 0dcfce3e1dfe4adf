"""Orders that wait for their organiser."""

from fastapi import APIRouter

from commerce.actions.decide_approval import approve_order, reject_order
from commerce.api.state import CurrentPayments
from commerce.schemas import OrderView
from commerce.schemas.approval import Rejection
from common.ids import OrderId
from common.service import CurrentPrincipal, Db

router = APIRouter()


@router.post("/v1/orders/{order_id}/approve")
async def approve(order_id: OrderId, principal: CurrentPrincipal, database: Db, payments: CurrentPayments) -> OrderView:
    """Say yes: what the card is held for is taken, and the order is paid. If the provider is away it is asked again."""
    return OrderView.of(await approve_order(database, payments.providers, principal, order_id))


@router.post("/v1/orders/{order_id}/reject")
async def reject(
    order_id: OrderId, body: Rejection, principal: CurrentPrincipal, database: Db, payments: CurrentPayments
) -> OrderView:
    """Say no: the order is cancelled, its places go back on sale, and the card is let go of."""
    return OrderView.of(await reject_order(database, payments.providers, principal, order_id, body.reason))
