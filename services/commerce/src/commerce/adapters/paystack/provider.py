"""Paystack as commerce sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from commerce.adapters.paystack.client import PaystackClient
from commerce.adapters.paystack.notices import read_notice
from commerce.adapters.paystack.objects import (
    UNTOUCHED,
    dispute_of,
    is_of,
    payment_of,
    record_of,
    reference_of,
    refund_of,
)
from commerce.adapters.providers import Notice
from commerce.domain.order import Order
from commerce.domain.payment import Opened, Payment, ProviderPayment, ProviderRecord
from commerce.domain.provider_money import to_provider
from commerce.domain.refund import ProviderRefund, Refund
from commerce.errors import AmountNotTaken, ProviderCannotHold, ProviderRefused, ProviderUnreadable
from common.ids import MalformedId


class Paystack:
    """The provider. `live` is the mode of its key: what is of the other mode is never money here."""

    name: Final = "paystack"
    can_hold: Final = False

    def __init__(self, client: PaystackClient, *, secret_key: str, live: bool, public_url: str) -> None:
        self._client = client
        self._secret_key = secret_key
        self._live = live
        self._public_url = public_url.rstrip("/")

    async def open(self, payment: Payment, order: Order) -> Opened:
        """Begin a transaction under our reference.

        Paystack takes a reference once and tells its page's address once. Where that answer was lost, nobody can ever
        pay there, so the second try's refusal ends this payment and the buyer begins another.
        """
        page = f"{self._public_url}{order.page_path}"
        begun = await self._client.post(
            "/transaction/initialize",
            {
                "reference": reference_of(payment.id),
                "email": order.buyer_email,
                "amount": to_provider(self.name, payment.amount),
                "currency": payment.amount.currency,
                "callback_url": page,
                "metadata": {"payment_id": payment.id, "order_id": order.id, "cancel_action": page},
            },
        )
        try:
            return Opened(str(begun["reference"]), str(begun["authorization_url"]))
        except (KeyError, TypeError):
            raise ProviderUnreadable() from None

    async def fetch(self, reference: str) -> ProviderPayment:
        """How the transaction of our reference stands."""
        transaction = await self._verify(reference)
        return await self._read(transaction)

    async def capture(self, payment: Payment) -> ProviderPayment:
        """There is no holding of cards here."""
        raise ProviderCannotHold(provider=self.name)

    async def void(self, payment: Payment) -> ProviderPayment:
        """Paystack cannot end an open transaction. One that nobody is paying is over for us: money for it would be late."""
        transaction = await self._verify(reference_of(payment.id))
        found = await self._read(transaction)
        untouched = transaction["status"] in UNTOUCHED
        return replace(found, status="cancelled", reason="left_open") if untouched else found

    async def refund(self, refund: Refund, payment: Payment) -> ProviderRefund:
        """Send money back. Without keys, a refund is looked for before it is asked for; the job that asks is one at a time."""
        known = await self.find_refund(refund, payment)
        if known is not None:
            return known
        try:
            amount = to_provider(self.name, refund.amount)
        except AmountNotTaken:
            return _failed(refund, "off_the_steps")
        values: dict[str, object] = {
            "transaction": reference_of(payment.id),
            "amount": amount,
            "currency": refund.amount.currency,
            "merchant_note": refund.key,
        }
        try:
            return refund_of(await self._client.post("/refund", values))
        except ProviderRefused as refused:
            return _failed(refund, str(refused.details["reason"]))

    async def find_refund(self, refund: Refund, payment: Payment) -> ProviderRefund | None:
        """The refund whose note is our key, searched in the list of the transaction's refunds."""
        transaction = await self._verify(reference_of(payment.id))
        refunds = await self._refunds_of(transaction)
        return next((each for each in refunds if each.key == refund.key), None)

    async def payments_between(self, start: datetime, end: datetime) -> Sequence[ProviderRecord]:
        """All transactions of the account made in that time."""
        between = {"from": start.isoformat(), "to": end.isoformat()}
        return [record_of(transaction) for transaction in await self._client.list("/transaction", **between)]

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice | None:
        """The notice, once its signature is right."""
        return read_notice(body, headers, self._secret_key, live=self._live)

    async def _verify(self, reference: str) -> Mapping[str, Any]:
        transaction = await self._client.get(f"/transaction/verify/{reference}")
        if not isinstance(transaction, dict):
            raise ProviderUnreadable()
        return transaction

    async def _read(self, transaction: Mapping[str, Any]) -> ProviderPayment:
        try:
            found = payment_of(transaction, self._live)
            if found.status != "succeeded":
                return found
            disputes = tuple(dispute_of(each) for each in await self._list_of("/dispute", transaction))
            return replace(found, refunds=await self._refunds_of(transaction), disputes=disputes)
        except (KeyError, TypeError, ValueError, MalformedId):
            raise ProviderUnreadable() from None

    async def _list_of(self, path: str, transaction: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """What is of that transaction. Looked at once more here: a filter that is not heeded would bring everybody's."""
        found = await self._client.list(path, transaction=transaction["id"])
        return [each for each in found if is_of(each, transaction)]

    async def _refunds_of(self, transaction: Mapping[str, Any]) -> tuple[ProviderRefund, ...]:
        found = await self._list_of("/refund", transaction)
        return tuple(refund_of(refund) for refund in sorted(found, key=lambda refund: int(refund["id"])))


def _failed(refund: Refund, reason: str) -> ProviderRefund:
    """What was never made there has no name there but ours."""
    return ProviderRefund(refund.key, refund.key, "failed", refund.amount, reason)
