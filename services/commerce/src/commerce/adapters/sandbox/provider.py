"""The sandbox as commerce sees it, and the hand that decides how a payment there ends."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from commerce.adapters.providers import Notice
from commerce.adapters.sandbox import store
from commerce.adapters.sandbox.store import SandboxPayment, Status
from commerce.domain.order import Order
from commerce.domain.payment import Opened, Payment, ProviderPayment, Told
from commerce.errors import SandboxPaymentSettled, UnknownSandboxPayment, WebhookNotAuthentic, WebhookUnreadable
from commerce.formats.webhook_signature import is_authentic
from common.db import Database
from common.ids import PaymentId

SIGNATURE_HEADER = "sandbox-signature"
_NAME = re.compile(r"[\x21-\x7e]{1,255}")
Outcome = Literal["succeed", "decline", "abandon"]

_ENDS: Final[Mapping[Outcome, Status]] = {"succeed": "succeeded", "decline": "declined", "abandon": "abandoned"}
OUTCOMES: Final[tuple[Outcome, ...]] = tuple(_ENDS)
_TOLD: Final[Mapping[Status, Told]] = {
    "open": "pending",
    "succeeded": "succeeded",
    "declined": "failed",
    "abandoned": "cancelled",
}


def _is_a_name(value: object) -> bool:
    """Providers name things in a few visible characters; anything else could not be stored as a key."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


class Sandbox:
    """The provider, with its own tables."""

    def __init__(self, database: Database, *, secrets: Sequence[str], public_url: str) -> None:
        self._database = database
        self._secrets = secrets
        self._public_url = public_url.rstrip("/")
        self.when_told: Callable[[], None] = lambda: None
        """Called when a webhook waits to be sent."""

    @property
    def name(self) -> str:
        """Its name in our addresses and rows."""
        return "sandbox"

    async def open(self, payment: Payment, order: Order) -> Opened:
        """Begin a payment; asked again with the same id it answers the same."""
        async with self._database.transaction() as tx:
            made = await store.make_payment(
                tx,
                payment_id=payment.id,
                order_id=payment.order_id,
                amount=payment.amount,
                return_path=order.page_path,
            )
        return Opened(made.id, f"{self._public_url}/sandbox/checkout/{payment.id}")

    async def fetch(self, reference: str) -> ProviderPayment:
        """How the payment stands."""
        async with self._database.transaction() as tx:
            found = await store.find_by_reference(tx, reference)
        if found is None:
            raise UnknownSandboxPayment()
        told = _TOLD[found.status]
        reason = found.status if told in ("failed", "cancelled") else None
        return ProviderPayment(found.id, found.payment_id, found.order_id, told, found.amount, reason)

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice:
        """The notice, once its signature is right."""
        if not is_authentic(headers.get(SIGNATURE_HEADER, ""), body, self._secrets, now):
            raise WebhookNotAuthentic()
        try:
            notice: Any = json.loads(body)
            event_key, reference = notice["id"], notice["payment"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise WebhookUnreadable() from None
        if not _is_a_name(event_key) or not _is_a_name(reference):
            raise WebhookUnreadable()
        return Notice(event_key, reference)

    async def find(self, payment_id: PaymentId) -> SandboxPayment:
        """A payment, for the checkout page."""
        async with self._database.transaction() as tx:
            found = await store.find_by_key(tx, payment_id)
        if found is None:
            raise UnknownSandboxPayment()
        return found

    async def end(self, payment_id: PaymentId, outcome: Outcome) -> SandboxPayment:
        """Let a payment end so, and tell. A declined buyer may try again; the same end asked for twice is told twice."""
        async with self._database.transaction() as tx:
            found = await store.find_by_key(tx, payment_id, lock=True)
            if found is None:
                raise UnknownSandboxPayment()
            status = _ENDS[outcome]
            if found.status in ("succeeded", "abandoned") and found.status != status:
                raise SandboxPaymentSettled(status=found.status, wanted=status)
            await store.save_status(tx, found.id, status)
            key = f"sbxevt_{found.id}_{status}"
            body = json.dumps({"id": key, "type": f"payment.{status}", "payment": found.id})
            await store.queue_notice(tx, key, body)
        self.when_told()
        return found
