"""The stand-ins are no softer than what they stand for, and what we sign and send is what Stripe's own library would."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import stripe as sdk
from services.commerce.tests.fakes.paystack import KEY as PAYSTACK_KEY
from services.commerce.tests.fakes.paystack import FakePaystack
from services.commerce.tests.fakes.stand_in import serving
from services.commerce.tests.fakes.stripe import KEY, SECRET, FakeStripe

from commerce.adapters.stripe.client import StripeClient, _flat
from commerce.errors import ProviderAway, ProviderRefused
from commerce.formats import paystack_signature
from commerce.formats.webhook_signature import sign
from common.outgoing import Outgoing

NOW = datetime.now(UTC).replace(microsecond=0)


def session_values(**changes: Any) -> dict[str, Any]:
    """What a Checkout session is made of."""
    values = {
        "mode": "payment",
        "client_reference_id": "ord_1",
        "customer_email": "ben+tickets@example.org",
        "success_url": "https://example.org/o/ä?b=c&d",
        "cancel_url": "https://example.org/o/1",
        "expires_at": int((NOW + timedelta(hours=1)).timestamp()),
        "metadata": {"payment_id": "pay_1", "order_id": "ord_1"},
        "payment_intent_data": {"capture_method": "manual", "metadata": {"payment_id": "pay_1", "order_id": "ord_1"}},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "ngn",
                    "unit_amount": 150_000,
                    "product_data": {"name": "Jazz & Blues [late]"},
                },
            }
        ],
    }
    return {**values, **changes}


@pytest.fixture
async def stripe() -> AsyncIterator[FakeStripe]:
    fake = FakeStripe(now=NOW.timestamp)
    async with serving(fake):
        yield fake


@pytest.fixture
async def client(stripe: FakeStripe) -> AsyncIterator[StripeClient]:
    async with Outgoing(allowed_origins=[stripe.url]) as outgoing:
        yield StripeClient(outgoing, secret_key=KEY, api_url=stripe.url)


async def test_our_form_is_the_one_stripes_library_sends(stripe: FakeStripe) -> None:
    library = sdk.StripeClient(KEY, base_addresses={"api": stripe.url}, max_network_retries=0)
    made = await asyncio.to_thread(library.v1.checkout.sessions.create, session_values())  # type: ignore[arg-type]
    assert (made.status, made.payment_status, made.amount_total) == ("open", "unpaid", 150_000)
    theirs = dict(parse_qsl(stripe.bodies[-1]))
    assert dict(parse_qsl(urlencode(list(_flat(session_values()))))) == theirs


async def test_the_same_key_brings_the_same_answer_and_with_other_values_an_error(
    stripe: FakeStripe, client: StripeClient
) -> None:
    first = await client.post("/v1/checkout/sessions", session_values(), key="pay_1")
    assert await client.post("/v1/checkout/sessions", session_values(), key="pay_1") == first
    other = session_values(customer_email="ada@example.org")
    # It is our own fault, and says nothing of what was done under the key: never "refused for good".
    with pytest.raises(ProviderAway):
        await client.post("/v1/checkout/sessions", other, key="pay_1")
    assert len(stripe.sessions) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": int((NOW + timedelta(minutes=29)).timestamp())},
        {"expires_at": int((NOW + timedelta(hours=25)).timestamp())},
        {"unheard_of": 1},
        {"mode": "setup"},
    ],
)
async def test_a_session_stripe_would_refuse_is_refused(
    stripe: FakeStripe, client: StripeClient, changes: dict[str, Any]
) -> None:
    with pytest.raises(ProviderRefused):
        await client.post("/v1/checkout/sessions", session_values(**changes), key="pay_1")
    assert stripe.sessions == {}


async def test_more_than_came_does_not_go_back(stripe: FakeStripe, client: StripeClient) -> None:
    automatic = {"capture_method": "automatic", "metadata": {}}
    made = await client.post("/v1/checkout/sessions", session_values(payment_intent_data=automatic), key="pay_1")
    stripe.pay(made["id"])
    [intent] = stripe.intents
    for key, amount in (("a", 100_000), ("b", 50_000)):
        await client.post("/v1/refunds", {"payment_intent": intent, "amount": amount}, key=key)
    with pytest.raises(ProviderRefused, match="charge_already_refunded"):
        await client.post("/v1/refunds", {"payment_intent": intent, "amount": 1}, key="c")
    assert sum(refund["amount"] for refund in stripe.refunds.values()) == 150_000


async def test_a_wrong_key_or_another_version_gets_nothing(stripe: FakeStripe) -> None:
    async with Outgoing(allowed_origins=[stripe.url]) as outgoing:
        wrong = StripeClient(outgoing, secret_key="sk_test_wrong", api_url=stripe.url)
        with pytest.raises(ProviderAway):
            await wrong.post("/v1/checkout/sessions", session_values(), key="pay_1")
    library = sdk.StripeClient(KEY, base_addresses={"api": stripe.url}, stripe_version="2020-08-27")
    with pytest.raises(sdk.InvalidRequestError):
        await asyncio.to_thread(library.v1.checkout.sessions.create, session_values())  # type: ignore[arg-type]
    assert stripe.sessions == {}


def test_what_we_sign_by_stripes_scheme_its_library_finds_right() -> None:
    body = b'{"id": "evt_1", "object": "event"}'
    header = sign(body, SECRET, datetime.now(UTC))
    assert sdk.Webhook.construct_event(body, header, SECRET)["id"] == "evt_1"
    for changed, secret in ((body + b" ", SECRET), (body, "whsec_wrong")):
        with pytest.raises(sdk.SignatureVerificationError):
            sdk.Webhook.construct_event(changed, header, secret)


def test_what_openssl_signs_is_authentic_and_nothing_else_is() -> None:
    body, headers = FakePaystack(now=NOW.timestamp).signed({"event": "charge.success", "data": {}})
    signature = headers["x-paystack-signature"]
    assert paystack_signature.is_authentic(signature, body, PAYSTACK_KEY)
    for wrong in (
        (signature, body + b" ", PAYSTACK_KEY),
        (signature[:-1], body, PAYSTACK_KEY),
        ("", body, PAYSTACK_KEY),
    ):
        assert not paystack_signature.is_authentic(*wrong)
    assert not paystack_signature.is_authentic(paystack_signature_of(body, ""), body, "")
    assert not paystack_signature.is_authentic("ü" * 128, body, PAYSTACK_KEY)


def paystack_signature_of(body: bytes, key: str) -> str:
    """A signature by a key, by our own hand: with an empty one anybody could make it."""
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
