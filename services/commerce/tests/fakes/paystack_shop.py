"""commerce with the stand-in for Paystack behind it, and the steps every test of the two takes."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import httpx
from services.commerce.tests.fakes.paystack import KEY, FakePaystack
from services.commerce.tests.fakes.steps import begin_at, begun_at, worked_off

from common.testing import FrozenClock, Running, RunService

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall

PATH = "/v1/payments/webhooks/paystack"


def shop(run: RunService, paystack: FakePaystack, clock: FrozenClock) -> AbstractAsyncContextManager[Running]:
    """commerce with Paystack set up."""
    return run(clock=clock, settings={"paystack_secret_key": KEY, "paystack_api_url": paystack.url})


async def begin(world: Running, stall: "Stall", order: dict[str, Any]) -> httpx.Response:
    return await begin_at("paystack", world, stall, order)


async def begun(world: Running, stall: "Stall", **tier: Any) -> tuple[dict[str, Any], str]:
    """An order, and the reference of its payment begun at Paystack."""
    order, payment = await begun_at("paystack", world, stall, **tier)
    return order, payment["id"].replace("_", "-")


async def tell(world: Running, paystack: FakePaystack, event: dict[str, Any], **changes: Any) -> httpx.Response:
    body, headers = await asyncio.to_thread(lambda: paystack.signed(event, **changes))
    return await world.post(PATH, content=body, headers=headers)


async def tell_all(world: Running, paystack: FakePaystack) -> None:
    """Deliver every notice, and wait until it is worked off."""
    for event in list(paystack.events):
        answer = await tell(world, paystack, event)
        assert answer.status_code == 200, answer.text
    await worked_off(world)
