"""What the stand-ins for providers share: a real HTTP server on loopback, and what the network does to its answers."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aiohttp import web

Json = dict[str, Any]


class Refusal(Exception):
    """What the provider does not do, and the answer that says so."""

    def __init__(self, status: int, body: Json) -> None:
        self.status = status
        self.body = body


@dataclass(kw_only=True)
class StandIn(ABC):
    """`faults` maps the beginning of a call (`POST /v1/refunds`) to what happens to the next ones: `lost` (the work is done,
    the answer never arrives), `down` (refused before any work), `garbage` and `odd` (the work is done, and what comes back
    cannot be read)."""

    down: ClassVar[tuple[int, Json]]
    """What it answers before any work while it is down."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    meanwhile: Callable[[str], None] = lambda _: None
    """Told of every call before it is carried out: what happens between two calls happens here."""
    url: str = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a call, or do to it what `faults` says."""
        body, call = (await request.read()).decode(), f"{request.method} {request.path}"
        self.calls.append((request.method, request.path))
        self.bodies.append(body)
        self.meanwhile(call)
        fault = self._next_fault(call)
        if fault == "down":
            status, answer = self.down
            return web.json_response(answer, status=status)
        try:
            status, answer = 200, self.answer(request, body)
        except Refusal as refused:
            status, answer = refused.status, refused.body
        if fault == "garbage":
            return web.Response(text="<html>Be right back</html>", content_type="text/html")
        if fault == "odd":
            return web.json_response({"status": True, "data": {}, "id": 7})
        if fault == "lost":
            assert request.transport is not None
            request.transport.abort()
            await asyncio.sleep(0)
        return web.json_response(answer, status=status)

    @abstractmethod
    def answer(self, request: web.Request, body: str) -> Json:
        """Carry it out. Raises Refusal."""

    def _next_fault(self, call: str) -> str | None:
        waiting = [faults for start, faults in self.faults.items() if call.startswith(start) and faults]
        return waiting[0].pop(0) if waiting else None


@asynccontextmanager
async def serving(fake: StandIn) -> AsyncIterator[None]:
    """A stand-in on loopback, at `fake.url`."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", fake.serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield
    finally:
        await runner.cleanup()
