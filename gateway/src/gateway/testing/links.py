"""What lies between the gateway and a service: replicas asked through a pool alone, and links that can be made bad."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from gateway.testing.fakes import FakeService
from gateway.upstream import Pool, Request

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_SLICES = 20
"""A second."""


@asynccontextmanager
async def replicas_of(count: int) -> AsyncIterator[list[FakeService]]:
    """So many services that answer alike."""
    services = [FakeService() for _ in range(count)]
    for service in services:
        await service.start()
    try:
        yield services
    finally:
        for service in services:
            await service.stop()


@asynccontextmanager
async def pool_of(*places: "FakeService | Link", most: int = 256, queue: int = 1024) -> AsyncIterator[Pool]:
    """A pool of these replicas, without anything left to chance."""
    pool = Pool("events", [place.url for place in places], most=most, queue=queue, chance=lambda: 0.0)
    try:
        yield pool
    finally:
        pool.close()


async def ask(
    pool: Pool, method: str = "GET", *, seconds: float = 5.0, keyed: bool = False, hedge: str | None = None
) -> int:
    """One request and its whole answer; its status.

    Raises:
        Failure: as `Pool.begin`.
    """
    data = f"{method} /v1/events HTTP/1.1\r\nhost: events\r\ncontent-length: 0\r\n\r\n".encode()
    request = Request(method, data, keyed=keyed, hedge=hedge)
    exchange = await pool.begin(request, asyncio.get_running_loop().time() + seconds)
    try:
        while await exchange.connection.read():
            pass
        return exchange.connection.status
    finally:
        pool.finish(exchange)


class Link:
    """A TCP link to a service. What is set here bears on connections that are open and on later ones."""

    def __init__(self, service: FakeService) -> None:
        self._to = urlsplit(service.url).port
        self.latency = 0.0
        """Seconds each way."""
        self.bytes_per_second: int | None = None
        self.swallows = False
        """Whether it takes everything and delivers nothing, as when the other end has vanished."""
        self.resets = False
        """Whether it breaks a connection as soon as something comes over it."""
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it begins."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "Link":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
        except ConnectionError:
            writer.transport.abort()
            return
        ways = [asyncio.create_task(self._carry(reader, back)), asyncio.create_task(self._carry(there, writer))]
        self._open.update(ways)
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open.difference_update(ways)
            if self.resets:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()
            back.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(2**16):
            if self.resets:
                return
            if self.swallows:
                continue
            if self.latency:
                await asyncio.sleep(self.latency)
            while self.bytes_per_second is not None and data:
                size = self.bytes_per_second // _SLICES
                writer.write(data[:size])
                data = data[size:]
                await asyncio.sleep(1 / _SLICES)
            writer.write(data)
            await writer.drain()
