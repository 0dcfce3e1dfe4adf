"""What we say to Stripe and understand of it, with the real library on one side and a stand-in made by others on the other.

localstripe knows PaymentIntents, refunds and signed webhooks, and none of Checkout, disputes and idempotency keys: those are
tested with the stricter stand-in of our own (`test_stripe.py`).
"""

import asyncio
import importlib.util
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stripe as sdk
from aiohttp import web

from commerce.adapters.stripe.client import API_VERSION, StripeClient
from commerce.adapters.stripe.provider import Stripe
from commerce.domain.payment import Payment
from commerce.domain.refund import Refund
from commerce.errors import ProviderRefused, WebhookNotAuthentic
from common.ids import OrderId, PaymentId, RefundId
from common.money import Money
from common.outgoing import Outgoing
from common.testing import eventually
from common.testing.principals import fresh

WRAPPER = Path(__file__).parents[1] / "fakes" / "run_localstripe.py"
KEY = "sk_test_" + "12345"
SECRET = "whsec_" + "localstripe"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("localstripe") is None,
    reason="localstripe is not installed: Stripe was tested with our own stand-in alone",
)


@dataclass
class Peer:
    """localstripe, Stripe's own library towards it, and our adapter."""

    url: str
    library: sdk.StripeClient
    ours: Stripe

    async def intent(self, **values: Any) -> tuple[Payment, Any]:
        """A PaymentIntent made by Stripe's library, as a page of ours would, and our payment for it."""
        payment_id, order_id = PaymentId(fresh(PaymentId)), OrderId(fresh(OrderId))
        params = {
            "amount": 150_000,
            "currency": "ngn",
            "metadata": {"payment_id": payment_id, "order_id": order_id},
            **values,
        }
        made = await asyncio.to_thread(self.library.v1.payment_intents.create, params)  # type: ignore[arg-type]
        payment = Payment(
            id=payment_id,
            version=1,
            order_id=order_id,
            provider="stripe",
            status="pending",
            amount=Money(150_000, "NGN"),
            reference=made.id,
            checkout_url=None,
            reason=None,
            created_at=datetime.now(UTC),
        )
        return payment, made

    async def paid(self) -> Payment:
        """A payment whose card was charged."""
        card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
        method = await asyncio.to_thread(
            self.library.v1.payment_methods.create,
            {"type": "card", "card": card},  # type: ignore[arg-type]
        )
        payment, _ = await self.intent(payment_method=method.id, confirm=True)
        return payment


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """localstripe as a process of its own, on loopback."""
    process = await asyncio.create_subprocess_exec(sys.executable, str(WRAPPER), stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(await asyncio.wait_for(process.stdout.readline(), timeout=20))
        url = f"http://127.0.0.1:{port}"
        library = sdk.StripeClient(KEY, base_addresses={"api": url})
        async with Outgoing(allowed_origins=[url]) as outgoing:
            client = StripeClient(outgoing, secret_key=KEY, api_url=url)
            yield Peer(url, library, Stripe(client, webhook_secrets=[SECRET], live=False, public_url="http://here"))
    finally:
        process.terminate()
        await process.wait()


def refund_of(payment: Payment, amount: int) -> Refund:
    return Refund(
        id=RefundId(fresh(RefundId)),
        order_id=payment.order_id,
        payment_id=payment.id,
        provider="stripe",
        status="pending",
        source="organiser_payable",
        origin="organiser",
        amount=Money(amount, "NGN"),
        fee_returned=Money.zero("NGN"),
        reason="asked for",
        forced=False,
        requested_by="finance",
        admissions=(),
        add_ons=(),
        reference=None,
        failure=None,
        tries=1,
        created_at=datetime.now(UTC),
        settled_at=None,
    )


def test_our_calls_are_of_the_version_stripes_library_speaks() -> None:
    """When the library moves on, somebody reads Stripe's list of changes, moves ours, and runs these tests."""
    assert sdk.api_version == API_VERSION


async def test_a_payment_that_waits_for_a_card_is_pending(peer: Peer) -> None:
    payment, intent = await peer.intent()
    told = await peer.ours.fetch(intent.id)
    assert (told.status, told.payment_id, told.order_id) == ("pending", payment.id, payment.order_id)
    assert (told.amount, told.mismatch) == (Money(150_000, "NGN"), None)


async def test_a_charged_card_is_a_succeeded_payment(peer: Peer) -> None:
    payment = await peer.paid()
    told = await peer.ours.fetch(payment.reference or "")
    assert (told.status, told.amount, told.refunds) == ("succeeded", Money(150_000, "NGN"), ())


async def test_an_intent_is_ended(peer: Peer) -> None:
    payment, _ = await peer.intent()
    told = await peer.ours.void(payment)
    assert told.status == "cancelled"
    assert (await peer.ours.void(payment)).status == "cancelled"


async def test_a_paid_intent_is_not_ended_and_says_so(peer: Peer) -> None:
    payment = await peer.paid()
    assert (await peer.ours.void(payment)).status == "succeeded"


async def test_refunds_are_made_and_found_again(peer: Peer) -> None:
    payment = await peer.paid()
    first, second = refund_of(payment, 50_000), refund_of(payment, 100_000)
    assert await peer.ours.find_refund(first, payment) is None
    for refund in (first, second):
        made = await peer.ours.refund(refund, payment)
        assert (made.key, made.status, made.amount) == (refund.key, "done", refund.amount)
        assert await peer.ours.find_refund(refund, payment) == made
    told = await peer.ours.fetch(payment.reference or "")
    assert {refund.key for refund in told.refunds} == {first.key, second.key}


async def test_what_is_not_there_is_refused(peer: Peer) -> None:
    with pytest.raises(ProviderRefused):
        await peer.ours.fetch("pi_there_is_none")


async def test_a_real_webhook_is_authentic_and_a_tampered_one_is_not(peer: Peer) -> None:
    arrived: list[tuple[bytes, dict[str, str]]] = []

    async def take(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        arrived.append((await request.read(), headers))
        return web.Response()

    application = web.Application()
    application.router.add_post("/", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        target = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with Outgoing(allowed_origins=[peer.url]) as outgoing:
            hook = {"url": target, "secret": SECRET, "events": ["payment_intent.succeeded"]}
            assert (await outgoing.post_json(f"{peer.url}/_config/webhooks/ours", hook)).status == 200
        payment = await peer.paid()

        async def came() -> bool:
            return bool(arrived)

        await eventually(came, what="localstripe's webhook")
    finally:
        await runner.cleanup()
    [(body, headers)] = arrived
    sdk.Webhook.construct_event(body, headers["stripe-signature"], SECRET)
    notice = peer.ours.read_webhook(body, headers, datetime.now(UTC))
    assert notice is not None
    assert notice.reference == payment.reference
    for changed, secret in ((body + b" ", SECRET), (body, "whsec_wrong")):
        other = Stripe(peer.ours._client, webhook_secrets=[secret], live=False, public_url="http://here")
        with pytest.raises(WebhookNotAuthentic):
            other.read_webhook(changed, headers, datetime.now(UTC))
