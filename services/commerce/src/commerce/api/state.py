"""What routes ask for by type beside the caller and the database."""

from typing import Annotated

from fastapi import Depends, Request

from commerce.adapters.payments import Payments


async def current_payments(request: Request) -> Payments:
    """The payments side of this process."""
    payments: Payments = request.app.state.payments
    return payments


CurrentPayments = Annotated[Payments, Depends(current_payments)]
