"""What routes ask for by type beside the caller and the database: the providers, the sandbox, who is woken."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from commerce.adapters.providers import Providers
from commerce.adapters.sandbox.provider import Sandbox
from commerce.errors import SandboxOff


@dataclass(frozen=True)
class Payments:
    """Everything about providers that the composition root chose. `sandbox` is None where it is off."""

    providers: Providers
    sandbox: Sandbox | None
    webhook_stored: Callable[[], None]
    """Wakes whoever works webhooks off."""


async def current_payments(request: Request) -> Payments:
    """The payments side of this process."""
    payments: Payments = request.app.state.payments
    return payments


async def current_sandbox(request: Request) -> Sandbox:
    """The sandbox, or a 404 where it is off."""
    payments: Payments = request.app.state.payments
    if payments.sandbox is None:
        raise SandboxOff()
    return payments.sandbox


CurrentPayments = Annotated[Payments, Depends(current_payments)]
CurrentSandbox = Annotated[Sandbox, Depends(current_sandbox)]
