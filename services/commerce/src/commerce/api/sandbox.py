"""The hand on the sandbox: how a payment there ends. A 404 wherever the sandbox is off."""

from fastapi import APIRouter

from commerce.api.state import CurrentPayments
from commerce.schemas import SandboxOutcome
from common.ids import PaymentId
from common.schemas import View

router = APIRouter()


class Accepted(View):
    """The provider will tell by webhook."""

    outcome: str


@router.post("/v1/sandbox/payments/{payment_id}", status_code=202)
async def end_payment(payment_id: PaymentId, body: SandboxOutcome, payments: CurrentPayments) -> Accepted:
    """Let a payment of the sandbox succeed, be declined, be abandoned, or go wrong as real ones do."""
    await payments.require_sandbox().end(payment_id, body.outcome)
    return Accepted(outcome=body.outcome)
