"""One HTTP/1.1 connection to a service: bytes in, one answer at a time out.

An own client because the ready ones cost several times the work per request or rewrite the path; llhttp does the
parsing. What makes a connection safe to use again is decided here, and whenever in doubt it is not: an answer must
never be taken for the answer to somebody else's request.
"""

import asyncio
from typing import cast

import httptools

HIGH_WATER = 64 * 1024
"""Bytes of an answer held before the service is told to wait."""
MAX_HEADERS = 200
MAX_HEADER_BYTES = 64 * 1024


class ConnectionBroken(Exception):
    """The service closed or reset the connection before the answer was complete."""


class AnswerMalformed(Exception):
    """What came is not an HTTP/1.1 answer that means one thing only."""


class OutOfTime(Exception):
    """The answer, or its next part, did not come in time."""


class Connection(asyncio.Protocol):
    """A connection. `send`, then `head`, then `read` until it is empty; then ask `reusable`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._writable: asyncio.Future[None] | None = None
        self._write_paused = False
        self._header_bytes = 0
        self._length_given = self._chunked = self._ends_at_close = False
        self._reset("", requested=False)
        self._spoiled = False
        self.idle_since = 0.0

    def _reset(self, method: str, *, requested: bool) -> None:
        self._method = method
        self._waiting_for_answer = requested
        self._has_head = False
        self._complete = False
        self._sent_whole = False
        self._broken_by: Exception | None = None
        self._chunks: list[bytes] = []
        self._held = 0
        self._reading_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.heard = False
        """Whether any byte of an answer has come."""

    @property
    def closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._closed or self._transport.is_closing()

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
    def reusable(self) -> bool:
        """Whether the next request may go over this connection."""
        return self._complete and self._sent_whole and not self._spoiled and not self._chunks and not self.closed

    def send(self, method: str, data: bytes, *, whole: bool) -> None:
        """Send a request's head, with its body when that is at hand (`whole`)."""
        self._parser = httptools.HttpResponseParser(self)
        self._reset(method, requested=True)
        self._sent_whole = whole
        self._transport.write(data)

    async def send_more(self, data: bytes, *, last: bool) -> None:
        """Send a part of the body, no faster than the service reads."""
        if self._write_paused and not self._closed:
            self._writable = self._loop.create_future()
            await self._writable
        if self.closed:
            raise ConnectionBroken
        self._transport.write(data)
        self._sent_whole = last

    async def head(self) -> None:
        """Wait for the head of the answer: `status` and `headers` hold it then."""
        while not self._has_head:
            await self._wait()

    async def read(self) -> bytes:
        """The next part of the answer's body, empty at its end."""
        while not self.at_hand:
            await self._wait()
        return self.take()

    def take(self) -> bytes:
        """What `at_hand` says is there, empty at the end."""
        if not self._chunks:
            return b""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
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
        self._transport.abort()

    def close(self) -> None:
        """Close without ceremony."""
        self.fail(ConnectionBroken("closed by the gateway"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: connected."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes have come."""
        if not self._waiting_for_answer or self._complete:
            self.close()  # bytes nobody asked for must not become the answer to the next request
            return
        self.heard = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._malformed("switched protocols unasked")
        except httptools.HttpParserError as reason:
            self._malformed(str(reason.__context__ or reason))
        if self._held > HIGH_WATER and not self._reading_paused and not self.closed:
            self._reading_paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: closed by either side."""
        self._closed = True
        if self._ends_at_close and self._has_head and exc is None and self._broken_by is None:
            self._complete = True
        elif self._waiting_for_answer and not self._complete and self._broken_by is None:
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

    def on_message_begin(self) -> None:
        """llhttp: an answer begins, perhaps an interim one."""
        if self._complete:
            raise AnswerMalformed("more than one answer")
        self.headers = []
        self._header_bytes = 0
        self._length_given = self._chunked = self._ends_at_close = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp: one field."""
        if self._has_head:
            return  # trailers are not passed on
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES or len(self.headers) >= MAX_HEADERS:
            raise AnswerMalformed("too many headers")
        name = name.lower()
        if name == b"content-length":
            self._length_given = True
        elif name == b"transfer-encoding":
            if self._chunked or value.lower() != b"chunked":
                raise AnswerMalformed("a transfer coding other than chunked")
            self._chunked = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """llhttp: the head is whole."""
        status = self._parser.get_status_code()
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0") or (self._chunked and version == "1.0") or not 100 <= status <= 599:
            raise AnswerMalformed("not an HTTP/1.1 answer")
        if status < 200:
            if status == 101:
                raise AnswerMalformed("switched protocols unasked")
            return
        self.status = status
        self._has_head = True
        if not self._parser.should_keep_alive():
            self._spoiled = True
        bodiless = self._method == "HEAD" or status in (204, 304)
        self._ends_at_close = not (bodiless or self._length_given or self._chunked)
        if bodiless:
            self._complete = True

    def on_body(self, body: bytes) -> None:
        """llhttp: a part of the body."""
        if self._complete:
            raise AnswerMalformed("a body where none may be")
        self._chunks.append(body)
        self._held += len(body)

    def on_message_complete(self) -> None:
        """llhttp: the answer, or an interim one, ends."""
        if self._has_head:
            self._complete = True

    def _malformed(self, reason: str) -> None:
        self._spoiled = True
        if not self._complete and self._broken_by is None:
            self._broken_by = AnswerMalformed(reason)
        self._transport.abort()

    async def _wait(self) -> None:
        if self._broken_by is not None:
            raise self._broken_by
        self._waiter = self._loop.create_future()
        await self._waiter
        if self._broken_by is not None:
            raise self._broken_by

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
