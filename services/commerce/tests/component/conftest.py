"""What stands around commerce, for real: organisers' own systems, which can be slow, broken or away, and providers."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from services.commerce.tests.fakes.paystack import FakePaystack
from services.commerce.tests.fakes.stand_in import serving
from services.commerce.tests.fakes.stripe import FakeStripe
from services.commerce.tests.fakes.vies import FakeVies

from commerce.actions import take_stock
from common.testing import FrozenClock

Told = tuple[dict[str, str], bytes]


@dataclass
class Receiver:
    """It answers with `status`, or not at all while it hangs."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    told: list[Told] = field(default_factory=list)
    port: int = 0
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None

    @property
    def origin(self) -> str:
        """Where it listens, also while it is away."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def heard(self) -> list[dict[str, Any]]:
        """Everything it was told, in the order of numbers."""
        return sorted((json.loads(body) for _, body in self.told), key=lambda one: one["number"])

    async def come(self) -> None:
        """Begin to listen."""
        self.awake.set()
        application = web.Application()
        application.router.add_post("/hooks", self._hear)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def go(self) -> None:
        """Stop listening: connections are refused."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _hear(self, request: web.Request) -> web.Response:
        self.told.append((dict(request.headers), await request.read()))
        await self.awake.wait()
        return web.Response(status=self.status, headers=self.headers, body=self.body)


async def _alive() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.come()
    try:
        yield receiver
    finally:
        receiver.awake.set()
        await receiver.go()


receiver = pytest_asyncio.fixture(_alive, name="receiver")
other_receiver = pytest_asyncio.fixture(_alive, name="other_receiver")


@pytest.fixture
async def stripe(clock: FrozenClock) -> AsyncIterator[FakeStripe]:
    """Stripe, as far as a test goes."""
    fake = FakeStripe(now=lambda: clock.now().timestamp())
    async with serving(fake):
        yield fake


@pytest.fixture
async def paystack(clock: FrozenClock) -> AsyncIterator[FakePaystack]:
    """Paystack, as far as a test goes."""
    fake = FakePaystack(now=lambda: clock.now().timestamp())
    async with serving(fake):
        yield fake


@pytest.fixture
async def vies() -> AsyncIterator[FakeVies]:
    """The register of VAT numbers, as far as a test goes: a seller's number and a buyer's are good."""
    fake = FakeVies(known={"DE123456789", "NL123456789B01"})
    async with serving(fake):
        yield fake
        fake.answering.set()


@pytest.fixture
def loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every order looks at the stock it changes, as those do whose change is to be told."""
    monkeypatch.setattr(take_stock, "is_quiet", lambda *_: False)
