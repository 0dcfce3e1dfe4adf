"""A running gateway with everything around it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from common.testing.waiting import eventually
from common.tokens import SigningKey
from gateway.edge import EdgeProtocol
from gateway.exchange import Patience
from gateway.main import Built, build, running
from gateway.routes import ROWS, SERVICES
from gateway.routing import Row
from gateway.server import server_for
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
        self._opened: list[asyncio.StreamWriter] = []

    def __getitem__(self, service: str) -> FakeService:
        return self.services[service]

    async def connect(self) -> Streams:
        """A connection to the gateway."""
        streams = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
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


RunGateway = Callable[..., AbstractAsyncContextManager[World]]


class QuickEdge(EdgeProtocol):
    """A client's connection with less patience, so that tests need none."""

    head_seconds = 0.3


@asynccontextmanager
async def start_gateway(
    *,
    rows: tuple[Row, ...] = ROWS,
    patience: Patience | None = None,
    tracing: Tracing | None = None,
    identity: FakeIdentity | None = None,
    protocol: type[EdgeProtocol] = QuickEdge,
    **options: Any,
) -> AsyncIterator[World]:
    """Start a gateway with services around it; `options` are settings."""
    identity = identity or FakeIdentity()
    services: dict[str, FakeService] = {name: FakeService() for name in SERVICES} | {"identity": identity}
    for service in services.values():
        await service.start()
    world = World(identity, services, SigningKey.generate())
    usual: dict[str, Any] = {
        "upstreams": {name: [service.url] for name, service in services.items()},
        "internal_signing_key": world.signing_key.private_json(),
        "loopback_exempt": True,
    }
    settings = GatewaySettings(**(usual | options))
    world.built = build(settings, rows=rows, patience=patience, tracing=tracing)
    server = server_for(world.built.gateway, world.built.state, "127.0.0.1", 0, grace_seconds=2, protocol=protocol)
    async with running(world.built, settings):
        serving = asyncio.create_task(server.serve())
        await holds(lambda: server.started, "the gateway's start")
        world.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield world
        finally:
            await world.disconnect()
            server.should_exit = server.force_exit = True
            await serving
            for service in services.values():
                await service.stop()
