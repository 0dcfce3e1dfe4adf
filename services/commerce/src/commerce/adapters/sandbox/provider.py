"""The sandbox as commerce sees it. How a payment there ends is in `outcomes`."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from commerce.adapters.providers import Notice
from commerce.adapters.sandbox import refund_store, store
from commerce.adapters.sandbox.outcomes import Outcome, end_so
from commerce.adapters.sandbox.refund_store import SandboxRefund
from commerce.adapters.sandbox.store import SandboxPayment, Status
from commerce.domain.dispute import Status as DisputeStatus
from commerce.domain.order import Order
from commerce.domain.payment import Opened, Payment, ProviderPayment, ProviderRecord, Told
from commerce.domain.refund import ProviderRefund, Refund
from commerce.errors import UnknownSandboxPayment, WebhookNotAuthentic, WebhookUnreadable
from commerce.formats.webhook_signature import is_authentic
from common.db import Database, Transaction
from common.ids import PaymentId
from common.money import Money

SIGNATURE_HEADER = "sandbox-signature"
_NAME = re.compile(r"[\x21-\x7e]{1,255}")
_TOLD: Final[Mapping[Status, Told]] = {
    "open": "pending",
    "confirming": "pending",
    "late": "pending",
    "held": "held",
    "succeeded": "succeeded",
    "declined": "failed",
    "abandoned": "cancelled",
}
_VOIDABLE: Final[tuple[Status, ...]] = ("open", "confirming", "declined", "held")


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

    @property
    def can_hold(self) -> bool:
        """It can."""
        return True

    async def open(self, payment: Payment, order: Order) -> Opened:
        """Begin a payment; asked again with the same id it answers the same."""
        async with self._database.transaction() as tx:
            made = await store.make_payment(
                tx,
                payment_id=payment.id,
                order_id=payment.order_id,
                amount=payment.amount,
                capture=payment.capture,
                return_path=order.page_path,
                held_until=order.reserved_until,
            )
        return Opened(made.id, f"{self._public_url}/sandbox/checkout/{payment.id}")

    async def fetch(self, reference: str) -> ProviderPayment:
        """How the payment stands."""
        async with self._database.transaction() as tx:
            found = await store.find_by_reference(tx, reference)
            if found is None:
                raise UnknownSandboxPayment()
            refunds = await refund_store.refunds_of(tx, found.id)
            disputes = await refund_store.disputes_of(tx, found)
        told = _TOLD[found.status]
        return ProviderPayment(
            reference=found.id,
            payment_id=found.payment_id,
            order_id=found.order_id,
            status=told,
            amount=found.amount,
            reason=found.status if told in ("failed", "cancelled") else None,
            refunds=tuple(_told_of(each, found.amount.currency) for each in refunds),
            disputes=tuple(disputes),
        )

    async def capture(self, payment: Payment) -> ProviderPayment:
        """Take what is held."""
        return await self._move(payment.id, {"held": "succeeded"})

    async def void(self, payment: Payment) -> ProviderPayment:
        """End it, unless it was paid. It is not told of by a webhook: the answer says it."""
        return await self._move(payment.id, dict.fromkeys(_VOIDABLE, "abandoned"))

    async def payments_between(self, start: datetime, end: datetime) -> Sequence[ProviderRecord]:
        """Every payment made in that time."""
        async with self._database.transaction() as tx:
            found = await store.payments_between(tx, start, end)
            refunded = await refund_store.refunded_between(tx, start, end)
        return [
            ProviderRecord(
                each.id,
                each.payment_id,
                _TOLD[each.status],
                each.amount,
                Money(refunded[each.id], each.amount.currency),
            )
            for each in found
        ]

    async def refund(self, refund: Refund, payment: Payment) -> ProviderRefund:
        """Send money back at once. More than was paid is refused for good."""
        async with self._database.transaction() as tx:
            found = await self._lock(tx, payment.id)
            made = await refund_store.make_refund(tx, found, refund.key, refund.amount.amount)
        return _told_of(made, refund.amount.currency)

    async def find_refund(self, refund: Refund, payment: Payment) -> ProviderRefund | None:
        """The refund of that key."""
        async with self._database.transaction() as tx:
            found = await refund_store.find_refund(tx, refund.key)
        return None if found is None else _told_of(found, payment.amount.currency)

    async def refund_by_hand(self, payment_id: PaymentId, amount: int) -> None:
        """Send money back as somebody at the provider's own pages would, and tell."""
        async with self._database.transaction() as tx:
            found = await self._lock(tx, payment_id)
            made = await refund_store.make_refund(tx, found, None, amount)
            await store.tell(tx, found, f"refund.{made.status}", made.id)
        self.when_told()

    async def dispute(self, payment_id: PaymentId, status: DisputeStatus, amount: int | None = None) -> None:
        """Let the buyer's bank ask the money back, all of it unless `amount` says how much; or let that end. And tell."""
        async with self._database.transaction() as tx:
            found = await self._lock(tx, payment_id)
            await refund_store.save_dispute(tx, found, status, found.amount.amount if amount is None else amount)
            await store.tell(tx, found, f"dispute.{status}", found.id)
        self.when_told()

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
        """Let a payment end so, and tell; as it stands then."""
        async with self._database.transaction() as tx:
            await end_so(tx, await self._lock(tx, payment_id), outcome)
            after = await self._lock(tx, payment_id)
        self.when_told()
        return after

    async def _move(self, payment_id: PaymentId, ways: Mapping[Status, Status]) -> ProviderPayment:
        async with self._database.transaction() as tx:
            found = await self._lock(tx, payment_id)
            if found.status in ways:
                await store.save_status(tx, found.id, ways[found.status])
        return await self.fetch(found.id)

    async def _lock(self, tx: Transaction, payment_id: PaymentId) -> SandboxPayment:
        found = await store.find_by_key(tx, payment_id, lock=True)
        if found is None:
            raise UnknownSandboxPayment()
        return found


def _told_of(made: SandboxRefund, currency: str) -> ProviderRefund:
    reason = "more_than_was_paid" if made.status == "failed" else None
    return ProviderRefund(made.id, made.key, made.status, Money(made.amount, currency), reason)
