"""One client's connection: bytes in, requests to the application, answers out in the order of the requests.

Strict where two parsers could differ (llhttp refuses most, `Inbound` the rest), bounded in everything a client can make
grow, and watched by the server's sweep instead of a timer per request.
"""

import asyncio
from typing import TYPE_CHECKING, cast

import httptools

from common.refusals import Refusal
from gateway.edge.framing import MAX_HEAD, why_not
from gateway.edge.reading import Reading
from gateway.errors import HeadersTooLarge, HeadersTooSlow
from gateway.exchange import Exchange
from gateway.headers import Inbound
from gateway.together import Outlet

if TYPE_CHECKING:
    from gateway.edge.server import Edge


class Connection(Reading, asyncio.Protocol):
    """One client's connection, which is also what its exchanges write to."""

    __slots__ = (
        "_current",
        "_deaf",
        "_drained",
        "_outlet",
        "_overdue",
        "_reading_paused",
        "_transport",
        "_turn",
        "_worker",
        "_writing_paused",
        "address",
    )

    def __init__(self, edge: "Edge") -> None:
        super().__init__(edge)
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._outlet: Outlet = cast(Outlet, None)
        self.address = "unknown"
        self._current: Exchange | None = None
        self._worker: asyncio.Task[None] | None = None
        self._turn: asyncio.Future[None] | None = None
        """Wakes the worker, which answers one request after the other: a task for each would cost more."""
        self._deaf = False
        self._reading_paused = self._writing_paused = False
        self._drained: asyncio.Future[None] | None = None
        self._overdue: float | None = None
        """The moment that had passed when `check` last looked."""

    # --- what exchanges ask of it

    @property
    def closing(self) -> bool:
        """Whether nobody is left to read an answer."""
        return self._outlet.closing

    @property
    def blocked(self) -> bool:
        """Whether the client leaves so much unread that sending more would wait."""
        return self._writing_paused

    @property
    def leaving(self) -> bool:
        """Whether the process is about to end."""
        return self._edge.leaving

    def write(self, data: bytes) -> None:
        """Send bytes, with what other connections send in this turn of the event loop."""
        self._outlet.write(data)

    async def drained(self, seconds: float) -> None:
        """Wait until the client has read enough of what was sent. Raises TimeoutError when it does not."""
        async with asyncio.timeout(seconds):
            while self._writing_paused and not self._outlet.closing:
                self._drained = self._edge.loop.create_future()
                await self._drained

    def read_on(self) -> None:
        """The exchange has room for more of its body."""
        if self._reading_paused and not self._waiting:
            self._reading_paused = False
            self._transport.resume_reading()

    def abort(self) -> None:
        """Cut the connection, so that the client sees a broken answer as broken."""
        self._outlet.abort()

    def finished(self, *, keep: bool, unread: bool) -> None:
        """The answer under way is complete: serve the next request, or wait for it, or part."""
        self._current = None
        if unread or (self._deaf and not self._waiting):
            self._linger()
        elif not keep:
            self._deaf = True
            self._outlet.close()
        elif self._waiting:
            self._begin(self._waiting.popleft())
            self.read_on()
        elif self._edge.leaving:
            self._outlet.close()
        else:
            self._wait_for_head()

    def leave(self) -> None:
        """The process is about to end: part now, or after the answer under way."""
        if self._current is None:
            self._outlet.close()

    def check(self, now: float) -> None:
        """Part from a client that keeps its head back. The server asks every moment, and twice before anybody has to go:
        after a moment in which the process stood still, what the client has sent may not have been read yet."""
        due = self._head_due or self._idle_due
        if due is None or now < due:
            return
        if due != self._overdue:
            self._overdue = due
        elif self._head_due is not None:
            self._refuse(HeadersTooSlow())
        else:
            self._idle_due = None
            self._outlet.close()

    # --- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected; it has to say something soon."""
        self._transport = cast(asyncio.Transport, transport)
        self._outlet = Outlet(self._transport, self._edge.together, self._edge.loop)
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if peer else "unknown"
        self._idle_due = self._edge.now + self._edge.head_seconds
        refusal = self._edge.entered(self)
        if refusal is not None:
            self._refuse(refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._edge.left(self)
        self._head_due = self._idle_due = None
        self._waiting.clear()
        self.resume_writing()
        if self._current is not None:
            self._current.lost()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Parse what has come; broken framing is answered and ends the connection."""
        if self._deaf:
            return
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True  # what follows the head may be another protocol's bytes
            if self._receiving is not None:
                self._receiving.keep = False
            self._end_of_body()
        except httptools.HttpParserError:
            unfinished = self._inbound if self._in_head else None
            self._refuse(why_not(unfinished, self._header_bytes, len(self._waiting)))
        else:
            if self._head_bytes > MAX_HEAD and (self._in_head or self._receiving is not None):
                self._refuse(HeadersTooLarge())

    def eof_received(self) -> None:
        """A client that closes its side has gone: whoever waits for a stream to end must hear of it. What was answered
        before that goes out."""
        self._outlet.flush()

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writing_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # --- inside

    def _enqueue(self, method: str, target: bytes, version: str, inbound: Inbound, fault: Refusal | None) -> Exchange:
        exchange = Exchange(self, method, target, version, inbound, fault)
        exchange.keep = version == "1.1" and fault is None and not inbound.closes
        if self._current is None:
            self._begin(exchange)
        else:
            self._waiting.append(exchange)
            self._stop_reading()
        return exchange

    def _begin(self, exchange: Exchange) -> None:
        self._current = exchange
        if self._worker is None:
            self._worker = self._edge.loop.create_task(self._work())
        else:
            self._wake()

    def _wake(self) -> None:
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    async def _work(self) -> None:
        """Answer what is asked, until nobody is left to ask."""
        application, loop = self._edge.application, self._edge.loop
        answered: Exchange | None = None
        while True:
            exchange = self._current
            if exchange is not None and exchange is not answered:
                await application(exchange)
                answered = exchange
            elif self._outlet.closing:
                return
            else:
                self._turn = loop.create_future()
                await self._turn

    def _linger(self) -> None:
        """Say that no more will come, and throw away what the client still sends: closing on it would make its system
        throw away our answer."""
        self._deaf = True
        if self._outlet.closing:
            return
        self._outlet.write_eof()
        self.read_on()
        self._idle_due = self._edge.now + self._edge.linger_seconds

    def _stop_reading(self) -> None:
        if not self._reading_paused and not self._outlet.closing:
            self._reading_paused = True
            self._transport.pause_reading()

    def _wait_for_head(self) -> None:
        edge = self._edge
        if self._in_head:
            self._head_due = edge.now + edge.head_seconds
        else:
            self._idle_due = edge.now + edge.idle_seconds

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what is no whole request, behind the answers to the whole ones before it; read nothing more."""
        self._deaf = True
        self._head_due = self._idle_due = None
        if self._receiving is not None:
            self._receiving.broken(refusal)
            self._receiving = None
        elif not self._outlet.closing:
            self._enqueue("-", b"/", "1.1", Inbound(), refusal).whole()
