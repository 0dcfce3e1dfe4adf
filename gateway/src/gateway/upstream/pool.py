"""The connections to all replicas of one service, and the one rule about sending a request twice.

A request is sent again only when it was sent over a connection that had been used before, not one byte of an answer
came, its whole body is at hand and its method may be repeated: then the service had most likely closed that connection
before the request arrived. Everything else is told to the caller as it is.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.upstream.connection import Connection, ConnectionBroken, OutOfTime

IDLE_SECONDS = 4.0
"""How long an unused connection is trusted; services keep theirs longer, so the gateway closes first."""
CONNECT_SECONDS = 1.0
REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""RFC 9110 section 9.2.2, without TRACE."""

Upload = Callable[[Connection], Coroutine[None, None, None]]
"""Sends the rest of a body, part by part."""


class Unreachable(Exception):
    """No replica accepts a connection, or all connections are taken. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes over the wire.

    `data` is the head, followed by the whole body when there is no `upload`.
    """

    method: str
    data: bytes
    upload: Upload | None = None

    @property
    def repeatable(self) -> bool:
        """Whether a second copy would do no harm."""
        return self.upload is None and self.method in REPEATABLE_METHODS


@dataclass(slots=True)
class Exchange:
    """An answer that has begun. Whoever holds it gives it back with `Pool.finish`."""

    connection: Connection
    replica: "_Replica"
    uploading: asyncio.Task[None] | None = None


class _Replica:
    """One address of the service with its idle connections, the newest last."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"an upstream address is http://host:port, not {url}")
        self.host, self.port = parts.hostname, parts.port or 80
        self.idle: deque[Connection] = deque()

    def take(self, now: float) -> Connection | None:
        """The connection used last, where one can still be trusted."""
        while self.idle:
            connection = self.idle.pop()
            if now - connection.idle_since < IDLE_SECONDS and connection.reusable:
                return connection
            connection.close()
        return None

    def keep(self, connection: Connection, now: float) -> None:
        """Keep a connection for the next request, and drop those nobody needed for long."""
        connection.idle_since = now
        self.idle.append(connection)
        while self.idle[0].closed or now - self.idle[0].idle_since > IDLE_SECONDS:
            self.idle.popleft().close()


class Pool:
    """All connections to one service."""

    def __init__(self, service: str, urls: Sequence[str], *, most: int = 256) -> None:
        self.service = service
        self._replicas = [_Replica(url) for url in urls]
        self._turn = 0
        self._most = most
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def begin(self, request: Request, deadline: float) -> Exchange:
        """Send a request and wait for the head of its answer, until the event loop's time is `deadline`.

        Raises:
            Unreachable: nothing was sent.
            ConnectionBroken, AnswerMalformed, OutOfTime: it was sent, and what became of it is unknown.
        """
        await self._enter(deadline)
        try:
            replica, connection, used_before = await self._connection(deadline, fresh=False)
            try:
                return await _attempt(request, replica, connection, deadline)
            except ConnectionBroken:
                if not used_before or connection.heard or not request.repeatable:
                    raise
            replica, connection, _ = await self._connection(deadline, fresh=True)
            return await _attempt(request, replica, connection, deadline)
        except BaseException:
            self._leave()
            raise

    def finish(self, exchange: Exchange) -> None:
        """Give the connection back; it is kept only when the exchange ended cleanly."""
        if exchange.uploading is not None and not exchange.uploading.done():
            exchange.uploading.cancel()
        if exchange.connection.reusable:
            exchange.replica.keep(exchange.connection, asyncio.get_running_loop().time())
        else:
            exchange.connection.close()
        self._leave()

    def close(self) -> None:
        """Close what is idle, when the process ends."""
        for replica in self._replicas:
            while replica.idle:
                replica.idle.pop().close()

    @property
    def taken(self) -> int:
        """Requests under way."""
        return self._taken

    async def _connection(self, deadline: float, *, fresh: bool) -> tuple[_Replica, Connection, bool]:
        """A connection, and whether it was used before; the replicas take turns, one that refuses is passed over."""
        loop = asyncio.get_running_loop()
        count = len(self._replicas)
        self._turn = (self._turn + 1) % count
        for step in range(count):
            replica = self._replicas[(self._turn + step) % count]
            if not fresh and (kept := replica.take(loop.time())) is not None:
                return replica, kept, True
            seconds = min(CONNECT_SECONDS, deadline - loop.time())
            try:
                async with asyncio.timeout(seconds):
                    _, connection = await loop.create_connection(Connection, replica.host, replica.port)
            except (OSError, TimeoutError):
                continue
            return replica, connection, False
        raise Unreachable(self.service)

    async def _enter(self, deadline: float) -> None:
        if self._taken < self._most:
            self._taken += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        entered = False
        try:
            async with asyncio.timeout_at(deadline):
                await place
            entered = True
        except TimeoutError:
            raise Unreachable(self.service) from None
        finally:
            if not entered and not place.cancel() and not place.cancelled():
                self._leave()  # the place was granted in the very moment of giving up

    def _leave(self) -> None:
        """Pass the place to the one who waits longest, or free it."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._taken -= 1


async def _attempt(request: Request, replica: _Replica, connection: Connection, deadline: float) -> Exchange:
    loop = asyncio.get_running_loop()
    timer = loop.call_at(deadline, connection.fail, OutOfTime())
    uploading: asyncio.Task[None] | None = None
    try:
        connection.send(request.method, request.data, whole=request.upload is None)
        if request.upload is not None:
            uploading = _start_upload(request.upload, connection)
        await connection.head()
    except BaseException:
        connection.close()
        if uploading is not None:
            uploading.cancel()
        raise
    finally:
        timer.cancel()
    return Exchange(connection, replica, uploading)


def _start_upload(upload: Upload, connection: Connection) -> asyncio.Task[None]:
    """Whatever ends an upload early ends the exchange, so that the one waiting for the answer learns of it."""

    def ended(task: asyncio.Task[None]) -> None:
        reason = None if task.cancelled() else task.exception()
        if isinstance(reason, Exception) and not isinstance(reason, ConnectionBroken):
            connection.fail(reason)

    uploading = asyncio.create_task(upload(connection))
    uploading.add_done_callback(ended)
    return uploading
