"""What every payment provider must be able to do, and which of them are set up here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from commerce.domain.order import Order
from commerce.domain.payment import Opened, Payment, ProviderPayment
from commerce.errors import ProviderNotConfigured, UnknownProvider


@dataclass(frozen=True, slots=True)
class Notice:
    """What a webhook is taken for: a hint that a payment changed. `event_key` is the same for every delivery of it."""

    event_key: str
    reference: str


class PaymentProvider(Protocol):
    """One provider. Refusals it raises mean that it could not be asked, never that a payment failed."""

    @property
    def name(self) -> str:
        """Its name in our addresses and rows."""
        ...

    async def open(self, payment: Payment, order: Order) -> Opened:
        """Begin the payment there, with its id as the key: called again, the provider answers the same."""
        ...

    async def fetch(self, reference: str) -> ProviderPayment:
        """How the payment stands there at this moment."""
        ...

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice:
        """The notice in a webhook's raw body. Raises WebhookNotAuthentic, WebhookUnreadable."""
        ...


def reason_of(error: Exception) -> str:
    """Why something failed, for logs and rows: the first line, for below it databases quote what the row held."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


class Providers:
    """Those that are set up."""

    def __init__(self, *configured: PaymentProvider) -> None:
        self._by_name = {provider.name: provider for provider in configured}

    def require(self, name: str) -> PaymentProvider:
        """The provider a buyer chose. Raises ProviderNotConfigured."""
        provider = self._by_name.get(name)
        if provider is None:
            raise ProviderNotConfigured(provider=name, pointer="/provider")
        return provider

    def find(self, name: str) -> PaymentProvider:
        """The provider that an address or a row names. Raises UnknownProvider."""
        provider = self._by_name.get(name)
        if provider is None:
            raise UnknownProvider()
        return provider
