"""commerce with the stand-in for Stripe behind it, and the steps every test of the two takes."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import httpx
from services.commerce.tests.fakes.steps import begin_at, begun_at, worked_off
from services.commerce.tests.fakes.stripe import KEY, SECRET, FakeStripe

from common.testing import FrozenClock, Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

OTHER_SECRET = "whsec_" + "another"
PATH = "/v1/payments/webhooks/stripe"


def shop(run: RunService, stripe: FakeStripe, clock: FrozenClock) -> AbstractAsyncContextManager[Running]:
    """commerce with Stripe set up."""
    settings = {
        "stripe_secret_key": KEY,
        "stripe_webhook_secrets": f"{SECRET}, {OTHER_SECRET}",
        "stripe_api_url": stripe.url,
    }
    return run(clock=clock, settings=settings)


async def begin(world: Running, stall: "Stall", order: dict[str, Any], *, key: str | None = None) -> httpx.Response:
    return await begin_at("stripe", world, stall, order, key=key)


async def begun(world: Running, stall: "Stall", **tier: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order, and its payment begun at Stripe."""
    return await begun_at("stripe", world, stall, **tier)


async def tell(world: Running, stripe: FakeStripe, event: dict[str, Any], **changes: Any) -> httpx.Response:
    body, headers = stripe.signed(event, **changes)
    return await world.post(PATH, content=body, headers=headers)


async def tell_all(world: Running, stripe: FakeStripe, *, backwards: bool = False) -> None:
    """Deliver every event, and wait until it is worked off."""
    for event in reversed(stripe.events) if backwards else list(stripe.events):
        answer = await tell(world, stripe, event)
        assert answer.status_code == 200, answer.text
    await worked_off(world)


def only(things: dict[str, dict[str, Any]]) -> dict[str, Any]:
    [thing] = things.values()
    return thing
