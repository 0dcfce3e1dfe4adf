"""One HTTP/1.1 connection to a service: bytes in, one answer at a time out.

An own client because the ready ones cost several times the work per request or rewrite the path; llhttp does the
parsing. What makes a connection safe to use again is decided here, and whenever in doubt it is not: an answer must
never be taken for the answer to somebody else's request.
"""

import asyncio
from math import inf
from typing import cast

import httptools

from gateway.together import Outlet, Together
from gateway.upstream.failures import AnswerMalformed, ConnectionBroken, Failure
from gateway.upstream.reading import MAX_HEADER_BYTES, Reading

HIGH_WATER = 64 * 1024
"""Bytes of an answer held before the service is told to wait."""


class Connection(Reading, asyncio.Protocol):
    """A connection. `send`, await what it returns, then `read` until it is empty; then ask `reusable`."""

    __slots__ = (
        "_awaiting",
        "_closed",
        "_home",
        "_loop",
        "_outlet",
        "_reading_paused",
        "_sent_whole",
        "_together",
        "_transport",
        "_waiter",
        "_writable",
        "_write_paused",
        "heard",
        "idle_since",
        "movable",
        "sent_at",
    )

    def __init__(self, home: "set[Connection]", together: Together) -> None:
        """
        Args:
            home: where the connection is found while it is open.
            together: those that send at the same moment.
        """
        super().__init__()
        self._home = home
        self._together = together
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._outlet: Outlet = cast(Outlet, None)
        self._loop = asyncio.get_running_loop()
        self._closed = self._write_paused = False
        self._writable: asyncio.Future[None] | None = None
        self._awaiting = self._sent_whole = self._reading_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self.heard = False
        """Whether any byte of an answer has come."""
        self.idle_since = self.sent_at = 0.0
        self.movable = False
        """Whether the request may be taken to another replica while it is under way."""

    @property
    def closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._closed or self._outlet.closing

    @property
    def drained(self) -> bool:
        """Whether the whole answer has been received and read."""
        return self._complete and not self._chunks

    @property
    def at_hand(self) -> bool:
        """Whether `read` would answer at once."""
        return self._complete or bool(self._chunks)

    @property
    def whole_length(self) -> int | None:
        """Bytes of the body, once all of it is here and none was read."""
        return self._held if self._complete else None

    @property
    def waiting(self) -> bool:
        """Whether a request was sent and the head of its answer has not come."""
        return self.deadline != inf

    @property
    def parting(self) -> bool:
        """Whether the service says, with the head of its answer, that it will close the connection."""
        return self._spoiled

    @property
    def broken(self) -> bool:
        """Whether the answer broke off, through no fault of the gateway's side."""
        return isinstance(self._broken_by, Failure)

    @property
    def reusable(self) -> bool:
        """Whether the next request may go over this connection."""
        return self._complete and self._sent_whole and not self._spoiled and not self._chunks and not self.closed

    def send(self, method: str, data: bytes, deadline: float, now: float, *, whole: bool) -> asyncio.Future[None]:
        """Send a request's head, with its body when that is at hand (`whole`).

        Returns:
            what is done when the head of the answer is here (`status`, `headers`), or fails as the exchange does.
        """
        if not self._parser_clean:
            self._parser = httptools.HttpResponseParser(self)
        self._method = method
        self._parser_clean = self._complete = self._has_head = self.heard = self.movable = False
        self._broken_by = None
        self._awaiting = True
        self._sent_whole = whole
        self._fed = self._held = 0
        if self._chunks:
            self._chunks = []
        self.deadline = deadline
        self.sent_at = now
        self._waiter = waiter = self._loop.create_future()
        if self._closed:
            self._broken_by = ConnectionBroken("closed before it was used")
            waiter.set_exception(self._broken_by)
        else:
            self._outlet.write(data)
        return waiter

    async def send_more(self, data: bytes, *, last: bool) -> None:
        """Send a part of the body, no faster than the service reads."""
        if self._write_paused and not self._closed:
            self._writable = self._loop.create_future()
            await self._writable
        if self.closed:
            raise ConnectionBroken
        self._outlet.write(data)
        self._sent_whole = last

    async def read(self) -> bytes:
        """The next part of the answer's body, empty at its end."""
        while not self.at_hand:
            if self._broken_by is not None:
                raise self._broken_by
            self._waiter = self._loop.create_future()
            await self._waiter
        return self.take()

    def take(self) -> bytes:
        """What `at_hand` says is there, empty at the end."""
        chunks = self._chunks
        if not chunks:
            return b""
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._held = 0
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()
        return data

    def fail(self, reason: Exception) -> None:
        """End the exchange: whoever waits gets `reason`, and the connection is never used again."""
        if self._broken_by is None and not self._complete:
            self._broken_by = reason
        self._spoiled = True
        self._wake()
        self._outlet.abort()

    def close(self) -> None:
        """Close without ceremony."""
        self.fail(ConnectionBroken("closed by the gateway"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: connected."""
        self._transport = cast(asyncio.Transport, transport)
        self._outlet = Outlet(self._transport, self._together, self._loop)
        self._home.add(self)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes have come."""
        if self._complete or not self._awaiting:
            self.close()  # bytes nobody asked for must not become the answer to the next request
            return
        self.heard = True
        if not self._has_head:
            self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._malformed("switched protocols unasked")
        except httptools.HttpParserError as reason:
            self._malformed(str(reason.__context__ or reason))
        if self._held > HIGH_WATER and not self._reading_paused and not self.closed:
            self._reading_paused = True
            self._transport.pause_reading()
        if self._has_head:
            self._wake()
        elif self._fed > MAX_HEADER_BYTES:
            self._malformed("too many headers")

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: closed by either side."""
        self._closed = True
        self._home.discard(self)
        if self._ends_at_close and self._has_head and exc is None and self._broken_by is None:
            self._complete = True
        elif self._awaiting and not self._complete and self._broken_by is None:
            self._broken_by = ConnectionBroken(str(exc or "closed early"))
        self.resume_writing()
        self._wake()

    def pause_writing(self) -> None:
        """asyncio: the service reads too slowly."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """asyncio: the service has caught up."""
        self._write_paused = False
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def _malformed(self, reason: str) -> None:
        self._spoiled = True
        if not self._complete and self._broken_by is None:
            self._broken_by = AnswerMalformed(reason)
        self._wake()
        self._outlet.abort()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if self._broken_by is not None:
            waiter.set_exception(self._broken_by)
        else:
            waiter.set_result(None)
