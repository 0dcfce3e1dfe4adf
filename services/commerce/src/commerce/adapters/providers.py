"""What every payment provider must be able to do, and which of them are set up here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from commerce.domain.order import Order
from commerce.domain.payment import Opened, Payment, ProviderPayment, ProviderRecord
from commerce.domain.refund import ProviderRefund, Refund
from commerce.errors import ProviderNotConfigured, UnknownProvider


@dataclass(frozen=True, slots=True)
class Notice:
    """What a webhook is taken for: a hint that a payment changed, be it by a refund or a dispute.

    `event_key` is the same for every delivery of it; `reference` is any name `fetch` finds the payment by.
    """

    event_key: str
    reference: str


class PaymentProvider(Protocol):
    """One provider. Refusals it raises mean that it could not be asked, never that a payment failed."""

    @property
    def name(self) -> str:
        """Its name in our addresses and rows."""
        ...

    @property
    def can_hold(self) -> bool:
        """Whether it can hold a card for an amount, and take that later or let go of it."""
        ...

    async def open(self, payment: Payment, order: Order) -> Opened:
        """Begin the payment there, with its id as the key: called again, the provider answers the same.

        Raises ProviderRefused where it was not begun, and never will be under this key.
        """
        ...

    async def fetch(self, reference: str) -> ProviderPayment:
        """How the payment stands there at this moment. Raises NotOurPayment for one that carries no id of ours."""
        ...

    async def capture(self, payment: Payment) -> ProviderPayment:
        """Take all of what the card is held for; how the payment stands then, whatever became of it."""
        ...

    async def void(self, payment: Payment) -> ProviderPayment:
        """Let go of a payment that is open or held, so that nobody can pay it any more; how it stands then.

        One that was paid before stays paid, and that is what the answer says.
        """
        ...

    async def payments_between(self, start: datetime, end: datetime) -> Sequence[ProviderRecord]:
        """Every payment that was made there from `start` until before `end`."""
        ...

    async def refund(self, refund: Refund, payment: Payment) -> ProviderRefund:
        """Send `refund.amount` of the payment back, with `refund.key` as the key: called again, it makes no second refund.

        What the provider refuses for good is a refund of status `failed`.
        """
        ...

    async def find_refund(self, refund: Refund, payment: Payment) -> ProviderRefund | None:
        """The refund of that key as it stands there, or None if the provider never heard of it."""
        ...

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice | None:
        """The notice in a webhook's raw body, or None if it is of nothing that concerns us.

        Raises WebhookNotAuthentic, WebhookUnreadable, WebhookOfOtherMode.
        """
        ...


def reason_of(error: Exception) -> str:
    """Why something failed, for logs and rows: the first line, for below it databases quote what the row held."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


class Providers:
    """Those that are set up."""

    def __init__(self, *configured: PaymentProvider) -> None:
        self._by_name = {provider.name: provider for provider in configured}

    def all(self) -> Sequence[PaymentProvider]:
        """Every one of them."""
        return tuple(self._by_name.values())

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
