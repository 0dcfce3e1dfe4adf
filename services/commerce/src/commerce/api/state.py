"""What routes ask for by type beside the caller and the database."""

from typing import Annotated

from fastapi import Depends, Request

from commerce.adapters.outgoing_webhooks import OutgoingWebhooks
from commerce.adapters.payments import Payments
from commerce.adapters.tax_authority import TaxAuthority
from commerce.domain.sale_settings import PlatformFee


async def current_payments(request: Request) -> Payments:
    """The payments side of this process."""
    payments: Payments = request.app.state.payments
    return payments


CurrentPayments = Annotated[Payments, Depends(current_payments)]


async def current_platform_fee(request: Request) -> PlatformFee:
    """What the platform takes."""
    fee: PlatformFee = request.app.state.platform_fee
    return fee


CurrentPlatformFee = Annotated[PlatformFee, Depends(current_platform_fee)]


async def current_tax_authority(request: Request) -> TaxAuthority:
    """Who says whether VAT numbers are good."""
    authority: TaxAuthority = request.app.state.tax_authority
    return authority


CurrentTaxAuthority = Annotated[TaxAuthority, Depends(current_tax_authority)]


async def current_outgoing_webhooks(request: Request) -> OutgoingWebhooks:
    """What organisers' systems are called with."""
    webhooks: OutgoingWebhooks = request.app.state.outgoing_webhooks
    return webhooks


CurrentOutgoingWebhooks = Annotated[OutgoingWebhooks, Depends(current_outgoing_webhooks)]
