"""Stripe as commerce sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from commerce.adapters.providers import Notice
from commerce.adapters.stripe.client import StripeClient
from commerce.adapters.stripe.notices import read_notice
from commerce.adapters.stripe.objects import (
    dispute_of,
    our_payment_id,
    payment_of_intent,
    payment_of_session,
    record_of_intent,
    refund_of,
    refunds_of,
)
from commerce.domain.order import Order
from commerce.domain.payment import Opened, Payment, ProviderPayment, ProviderRecord
from commerce.domain.provider_money import to_provider
from commerce.domain.refund import ProviderRefund, Refund
from commerce.errors import AmountNotTaken, NotOurPayment, ProviderRefused, ProviderUnreadable
from common.ids import MalformedId

SESSION_LIVES: Final = timedelta(hours=1)
"""From when the payment was begun here. Stripe takes no less than half an hour, more than a hold lasts, so the session is
ended when the hold is (`release_payments`); this is for when Stripe cannot be reached then."""

_BY_CHECKOUT: Final = "checkout"


class Stripe:
    """The provider. `live` is the mode of its key: what is of the other mode is never money here."""

    name: Final = "stripe"
    can_hold: Final = True

    def __init__(self, client: StripeClient, *, webhook_secrets: Sequence[str], live: bool, public_url: str) -> None:
        self._client = client
        self._secrets = webhook_secrets
        self._live = live
        self._public_url = public_url.rstrip("/")

    async def open(self, payment: Payment, order: Order) -> Opened:
        """Make a Checkout session. Every value follows from the two arguments, for under one key Stripe wants the same."""
        kept = {"payment_id": payment.id, "order_id": order.id}
        page = f"{self._public_url}{order.page_path}"
        session = await self._client.post(
            "/v1/checkout/sessions",
            {
                "mode": "payment",
                "client_reference_id": order.id,
                "customer_email": order.buyer_email,
                "success_url": page,
                "cancel_url": page,
                "expires_at": int((payment.created_at + SESSION_LIVES).timestamp()),
                "metadata": kept,
                "payment_intent_data": {
                    "capture_method": payment.capture,
                    "metadata": {**kept, "begun_by": _BY_CHECKOUT},
                },
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": payment.amount.currency.lower(),
                            "unit_amount": to_provider(self.name, payment.amount),
                            "product_data": {"name": order.event_name},
                        },
                    }
                ],
            },
            key=payment.id,
        )
        return Opened(_text(session, "id"), _text(session, "url"))

    async def fetch(self, reference: str) -> ProviderPayment:
        """How it stands, asked by the name of the session or of the intent behind it."""
        try:
            session, intent = await self._look_up(reference)
            if session is not None:
                found = payment_of_session(session, self._live)
            elif intent is not None:
                found = payment_of_intent(intent, self._live)
            else:
                raise NotOurPayment()
            return found if intent is None else await self._with_what_came_after(found, intent)
        except (KeyError, TypeError, AttributeError, ValueError, MalformedId):
            raise ProviderUnreadable() from None

    async def capture(self, payment: Payment) -> ProviderPayment:
        """Take what the card is held for; whoever was faster, the answer is how it stands now."""
        _, intent = await self._look_up(_reference(payment))
        if intent is not None and intent["status"] == "requires_capture":
            await self._end(f"/v1/payment_intents/{intent['id']}/capture", f"{payment.id}-capture")
        return await self.fetch(_reference(payment))

    async def void(self, payment: Payment) -> ProviderPayment:
        """End the session and the intent, whichever can still be ended; how it stands now."""
        session, intent = await self._look_up(_reference(payment))
        if session is not None and session["status"] == "open":
            await self._end(f"/v1/checkout/sessions/{session['id']}/expire", f"{payment.id}-expire")
        elif intent is not None and intent["status"] not in ("succeeded", "canceled", "processing"):
            await self._end(f"/v1/payment_intents/{intent['id']}/cancel", f"{payment.id}-cancel")
        return await self.fetch(_reference(payment))

    async def refund(self, refund: Refund, payment: Payment) -> ProviderRefund:
        """Send money back, with our key; what Stripe refuses for good has failed."""
        _, intent = await self._look_up(_reference(payment))
        if intent is None:
            return _failed(refund, "nothing_was_paid")
        try:
            amount = to_provider(self.name, refund.amount)
        except AmountNotTaken:
            return _failed(refund, "off_the_steps")
        kept = {"refund_key": refund.key, "payment_id": payment.id}
        values = {"payment_intent": intent["id"], "amount": amount, "metadata": kept}
        try:
            return refund_of(await self._client.post("/v1/refunds", values, key=refund.key))
        except ProviderRefused as refused:
            return _failed(refund, str(refused.details["reason"]))

    async def find_refund(self, refund: Refund, payment: Payment) -> ProviderRefund | None:
        """The refund that carries our key, searched in the list of the payment's refunds."""
        _, intent = await self._look_up(_reference(payment))
        if intent is None:
            return None
        found = refunds_of(await self._client.list("/v1/refunds", payment_intent=intent["id"]))
        return next((each for each in found if each.key == refund.key), None)

    async def payments_between(self, start: datetime, end: datetime) -> Sequence[ProviderRecord]:
        """All intents of the account made in that time."""
        created = {"gte": int(start.timestamp()), "lt": int(end.timestamp())}
        expand = ["data.latest_charge"]
        found = await self._client.list("/v1/payment_intents", created=created, expand=expand)
        return [record_of_intent(intent) for intent in found]

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice | None:
        """The notice, once its signature is right."""
        return read_notice(body, headers, self._secrets, now, live=self._live)

    async def _look_up(self, reference: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """The session, where there is one, and the intent, where the buyer came so far."""
        expand = ["payment_intent", "payment_intent.latest_charge"]
        if reference.startswith("cs_"):
            session = await self._client.get(f"/v1/checkout/sessions/{reference}", expand=expand)
            return session, session["payment_intent"]
        intent = await self._client.get(f"/v1/payment_intents/{reference}", expand=["latest_charge"])
        if our_payment_id(intent) is None:
            return None, None
        if intent["metadata"].get("begun_by") != _BY_CHECKOUT:
            return None, intent
        expand = [f"data.{each}" for each in expand]
        begun_by = await self._client.list("/v1/checkout/sessions", payment_intent=reference, expand=expand)
        if not begun_by:
            raise ProviderUnreadable()
        return begun_by[0], intent

    async def _with_what_came_after(self, found: ProviderPayment, intent: dict[str, Any]) -> ProviderPayment:
        if found.status != "succeeded":
            return found
        refunds = refunds_of(await self._client.list("/v1/refunds", payment_intent=intent["id"]))
        charge = intent.get("latest_charge")
        disputed = isinstance(charge, dict) and charge.get("disputed")
        disputes = await self._client.list("/v1/disputes", payment_intent=intent["id"]) if disputed else []
        return replace(found, refunds=refunds, disputes=tuple(dispute_of(dispute) for dispute in disputes))

    async def _end(self, path: str, key: str) -> None:
        """Capture or end. A refusal means that it went another way meanwhile, which the next look shows."""
        try:
            await self._client.post(path, {}, key=key)
        except ProviderRefused:
            return


def _failed(refund: Refund, reason: str) -> ProviderRefund:
    """What was never made there has no name there but ours."""
    return ProviderRefund(refund.key, refund.key, "failed", refund.amount, reason)


def _reference(payment: Payment) -> str:
    assert payment.reference is not None, "what is asked about here was answered before"
    return payment.reference


def _text(thing: Mapping[str, Any], name: str) -> str:
    value = thing.get(name)
    if not isinstance(value, str) or not value:
        raise ProviderUnreadable()
    return value
