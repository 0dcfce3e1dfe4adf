"""A running gateway with everything around it."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from common.testing.clock import FrozenClock
from common.testing.waiting import eventually
from common.tokens import SigningKey
from gateway.edge import Server
from gateway.main import Built, build, running
from gateway.patience import Patience
from gateway.routes import ROWS, SERVICES
from gateway.routing import Row
from gateway.settings import GatewaySettings
from gateway.testing.fakes import FakeService
from gateway.testing.identity import FakeIdentity
from gateway.testing.wire import Answer, Streams, read_body, read_head
from gateway.tracing import Tracing


async def holds(condition: Callable[[], bool], what: str) -> None:
    """Wait until a plain condition holds."""

    async def ask() -> bool:
        return condition()

    await eventually(ask, what=what)


class World:
    """A running gateway with everything around it."""

    def __init__(self, identity: FakeIdentity, services: dict[str, FakeService], signing_key: SigningKey) -> None:
        self.identity = identity
        self.services = services
        self.signing_key = signing_key
        self.port = 0
        self.built: Built
        self.server: Server
        self._opened: list[asyncio.StreamWriter] = []

    def __getitem__(self, service: str) -> FakeService:
        return self.services[service]

    @property
    def connections(self) -> int:
        """Clients connected to the gateway now."""
        return self.server.connections

    def bearer(self) -> bytes:
        """The access token of someone who is signed in."""
        return self.identity.sign_in().encode()

    async def connect(self, room: int = 0) -> Streams:
        """A connection to the gateway. `room`: so few bytes are taken before the test reads, where it shall be few."""
        wire = socket.socket()
        wire.settimeout(0)
        if room:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        try:
            await asyncio.get_running_loop().sock_connect(wire, ("127.0.0.1", self.port))
        except OSError:
            wire.close()
            raise
        streams = await asyncio.open_connection(sock=wire, limit=room or 2**22)
        self._opened.append(streams[1])
        return streams

    async def disconnect(self) -> None:
        """Close what tests left open."""
        for writer in self._opened:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self._opened), return_exceptions=True)

    async def raw(self, data: bytes) -> list[Answer]:
        """Send bytes as they are; every answer until the gateway closes."""
        reader, writer = await self.connect()
        writer.write(data)
        answers = []
        async with asyncio.timeout(10):
            while not reader.at_eof():
                try:
                    answers.append(await self.read_answer(reader))
                except (asyncio.IncompleteReadError, ConnectionResetError):
                    break
        writer.close()
        return answers

    async def read_answer(self, reader: asyncio.StreamReader, method: str = "GET") -> Answer:
        """The next final answer on a connection."""
        while True:
            first, headers = await read_head(reader)
            status = int(first.split(" ")[1])
            if status >= 200:
                break
        bodiless = method == "HEAD" or status in (204, 304)
        return Answer(status, headers, b"" if bodiless else await read_body(reader, headers))

    async def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        token: str = "",
    ) -> Answer:
        """One request, well-formed, over a connection of its own."""
        fields = {"host": "api.example.org"} | dict(headers or {})
        if token:
            fields["authorization"] = f"Bearer {token}"
        if body is not None:
            fields.setdefault("content-length", str(len(body)))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        reader, writer = await self.connect()
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))
        async with asyncio.timeout(15):
            answer = await self.read_answer(reader, method)
        writer.close()
        return answer


UNCACHED = tuple(replace(row, cache=None) for row in ROWS)
"""The table with every request going on to its service, as most tests want to see it."""

RunGateway = Callable[..., AbstractAsyncContextManager[World]]


@asynccontextmanager
async def start_gateway(
    *,
    rows: tuple[Row, ...] = UNCACHED,
    patience: Patience | None = None,
    tracing: Tracing | None = None,
    identity: FakeIdentity | None = None,
    clock: FrozenClock | None = None,
    edge: Mapping[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[World]:
    """Start a gateway with services around it; `edge` is what the server takes, `options` are settings.

    With a `clock` dates, and the age of kept answers, are its own; identity's tokens are of today all the same.
    """
    identity = identity or FakeIdentity()
    services: dict[str, FakeService] = {name: FakeService() for name in SERVICES} | {"identity": identity}
    world = World(identity, services, SigningKey.generate())
    async with AsyncExitStack() as started:
        for service in services.values():
            await service.start()
            started.push_async_callback(service.stop)
        usual: dict[str, Any] = {
            "upstreams": {name: [service.url] for name, service in services.items()},
            "internal_signing_key": world.signing_key.private_json(),
            "loopback_exempt": True,
            "client_policy_seconds": 0,
            "watch_seconds": 0,
        }
        settings = GatewaySettings(**(usual | options))
        seconds = time.monotonic if clock is None else lambda: clock.now().timestamp()
        world.built = build(settings, rows=rows, patience=patience, tracing=tracing, clock=clock, monotonic=seconds)
        little_patience = {"grace_seconds": 2, "head_seconds": 0.3, "sweep_seconds": 0.05}
        limits = little_patience | dict(edge or {})
        world.server = Server(world.built.gateway, world.built.state, "127.0.0.1", 0, **limits)
        await started.enter_async_context(running(world.built, settings))
        started.push_async_callback(_stop, world.server, asyncio.create_task(world.server.serve()))
        started.push_async_callback(world.disconnect)
        await asyncio.wait_for(world.server.started.wait(), 10)
        world.port = world.server.port
        yield world


async def _stop(server: Server, serving: asyncio.Task[None]) -> None:
    """At once."""
    server.stop(signal.SIGINT)
    server.stop(signal.SIGINT)
    await serving
