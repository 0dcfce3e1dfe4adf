"""Payments of orders, and what providers tell."""

from fastapi import APIRouter, Request, Response

from commerce.actions.receive_webhook import receive_webhook
from commerce.actions.start_payment import start_payment
from commerce.api.state import CurrentPayments
from commerce.domain.payment import Payment
from commerce.errors import WebhookTooLarge
from commerce.schemas import NewPayment, PaymentView
from common.idempotency import Once
from common.ids import OrderId
from common.refusals import Refusal
from common.schemas import View
from common.service import CurrentPrincipal, Db

router = APIRouter()

MOST_BYTES = 256 * 1024


class Taken(View):
    """The notice is stored, or was before."""

    received: bool


@router.post("/v1/orders/{order_id}/payments", status_code=201, response_model=PaymentView)
async def start(
    order_id: OrderId,
    body: NewPayment,
    principal: CurrentPrincipal,
    once: Once,
    database: Db,
    payments: CurrentPayments,
) -> Response:
    """Begin to pay for an order; the buyer goes on at `checkoutUrl`."""
    try:
        answer = await start_payment(database, payments.providers, once, principal, order_id, body.provider, _body_of)
    except Refusal as refusal:
        return await once.refused(refusal)
    return Response(answer, 201, media_type="application/json")


@router.post("/v1/payments/webhooks/{provider}")
async def take_webhook(provider: str, request: Request, database: Db, payments: CurrentPayments) -> Taken:
    """A provider tells of a change, signed. It is stored and answered; what follows from it comes after."""
    body = await _capped_body(request)
    await receive_webhook(database, payments.providers, provider, body, request.headers)
    payments.webhook_stored()
    return Taken(received=True)


def _body_of(payment: Payment) -> str:
    return PaymentView.of(payment).model_dump_json(by_alias=True)


async def _capped_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise WebhookTooLarge(limit=MOST_BYTES)
    return bytes(body)
