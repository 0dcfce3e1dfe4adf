"""Looks at everything for whoever asks, and by itself every few seconds so that there is a past to show."""

import asyncio
import json
from collections.abc import Callable
from importlib.metadata import version

from common.clock import Clock
from gateway.exchange import Exchange
from gateway.headers import Header
from gateway.health import Health, Round
from gateway.routes import SERVICES
from gateway.status.doorway import Doorway
from gateway.status.history import History
from gateway.status.page import page_of
from gateway.status.picture import Picture, ServicePicture


class Status:
    """Answers `/status` and `/status.json`."""

    def __init__(
        self, health: Health, doorway: Doorway, clock: Clock, monotonic: Callable[[], float], step_seconds: float
    ) -> None:
        """
        Args:
            step_seconds: between two looks of its own; 0 for none.
        """
        self._health = health
        self._doorway = doorway
        self._clock = clock
        self._monotonic = monotonic
        self._step = step_seconds
        self._began = monotonic()
        self._version = version("lanyard-gateway")
        self.history = History()

    async def keep_watching(self) -> None:
        """Look for ever."""
        while True:
            await self.watch()
            await asyncio.sleep(self._step)

    async def watch(self) -> None:
        """Look once, and remember it."""
        seen = await self._health.look()
        self.history.add({name: health.status for name, health in seen.services.items()})

    async def page(self, exchange: Exchange) -> None:
        """For people."""
        picture = self._picture(await self._health.look())
        await _answer(exchange, page_of(picture).encode(), b"text/html; charset=utf-8")

    async def tell(self, exchange: Exchange) -> None:
        """For programs."""
        picture = self._picture(await self._health.look())
        await _answer(exchange, json.dumps(picture.told()).encode(), b"application/json")

    def _picture(self, seen: Round) -> Picture:
        return Picture(
            at=self._clock.now(),
            services={
                name: ServicePicture(seen.services[name], self._doorway.road(name), self.history.of(name))
                for name in SERVICES
            },
            facts=self._doorway.facts(),
            under_way=self._doorway.under_way(),
            up_seconds=self._monotonic() - self._began,
            version=self._version,
            step_seconds=self._step,
        )


async def _answer(exchange: Exchange, body: bytes, kind: bytes) -> None:
    headers: list[Header] = [(b"content-type", kind), (b"cache-control", b"no-store")]
    await exchange.answer(200, headers, body)
