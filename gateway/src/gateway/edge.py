"""The gateway's side of a client's connection: uvicorn's httptools protocol, with the limits it does not have.

uvicorn sets no deadline for receiving headers and no limit to their size or number, lets trailers join the headers,
and answers broken framing with plain text. Middleware would come too late for all of it, so it is done here.
"""

import asyncio
from typing import Any, cast

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from common.refusals import Refusal
from gateway.errors import HeadersTooLarge, HeadersTooSlow, MalformedRequest, UpgradeRefused
from gateway.refusing import raw_answer
from gateway.target import fault_of

MAX_HEAD = 32 * 1024
"""Bytes of request line and headers together."""
MAX_HEADERS = 100
MAX_PIPELINED = 16
"""Requests that may wait for their turn on one connection; those sent behind them are not read."""


class _StopParsing(Exception):
    """Makes the parser give up on a request that breaks a limit."""


class Wire:
    """What the application may know and do about the connection its request came over: `scope["gateway.wire"]`."""

    __slots__ = ("_cycle", "_flow", "_transport")

    def __init__(self, transport: asyncio.Transport, flow: FlowControl, cycle: RequestResponseCycle) -> None:
        self._flow = flow
        self._transport = transport
        self._cycle = cycle

    @property
    def closing(self) -> bool:
        """Whether nobody is left to read an answer."""
        return self._transport.is_closing()

    @property
    def blocked(self) -> bool:
        """Whether the client leaves so much unread that sending more would wait."""
        return self._flow.write_paused

    @property
    def body_complete(self) -> bool:
        """Whether the whole body of the request has been received."""
        return not self._cycle.more_body

    def abort(self) -> None:
        """Cut the connection, so that the client sees a broken answer as broken."""
        self._cycle.disconnected = True
        self._transport.abort()


class EdgeProtocol(HttpToolsProtocol):
    """One client's connection."""

    head_seconds = 10.0
    """How long a client may take to send the head of a request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._begun = False
        self._head_bytes = 0
        self._header_bytes = 0
        self._deaf = False
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """A client has connected; it has to say something soon."""
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come; broken framing is answered and ends the connection."""
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._after_upgrade()
        except httptools.HttpParserError:
            self._refuse(HeadersTooLarge() if self._too_much() else MalformedRequest())
        else:
            self._watch_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._begun = True
        self._header_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header while there are not too many; drop trailers."""
        if not self._in_head:
            return  # a trailer: nothing here needs one, and none may pass for a header
        self._header_bytes += len(name) + len(value)
        super().on_header(name, value)
        if self._too_much():
            raise _StopParsing

    def on_headers_complete(self) -> None:
        """Judge the head, then let the application see the request."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise _StopParsing
        self._in_head = self._begun = False
        self._disarm()
        scope = cast(dict[str, Any], self.scope)
        fault = fault_of(self.url, self.headers, self.parser.get_http_version())
        if fault is None and self.parser.should_upgrade() and not self._upgrade_may_be_ignored():
            fault = UpgradeRefused()
        if fault is not None:
            scope["gateway.fault"] = fault
            self.url = b"/"
        super().on_headers_complete()
        scope["gateway.wire"] = Wire(self.transport, self.flow, self.cycle)
        if fault is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self._in_head = True
        self._head_bytes = 0

    def _upgrade_may_be_ignored(self) -> bool:
        """The parser skips the body of a request that asks for an upgrade, so only one without a body may go on."""
        names = {name for name, _ in self.headers}
        wants = self._get_upgrade() or b""
        return self.parser.get_method() != b"CONNECT" and b"websocket" not in wants and not names & _BODY_HEADERS

    def _after_upgrade(self) -> None:
        """What follows the headers may be another protocol's bytes: answer this request, read nothing more."""
        self.cycle.keep_alive = False
        self._deaf = True

    def _too_much(self) -> bool:
        return self._in_head and (self._header_bytes > MAX_HEAD or len(self.headers or ()) > MAX_HEADERS)

    def _watch_head(self) -> None:
        if not self._in_head:
            return
        if self._begun and self._head_bytes > MAX_HEAD:
            self._refuse(HeadersTooLarge())
        elif self._begun or self.cycle is None or self.cycle.response_complete:
            self._arm()

    def _arm(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._begun:
            self._refuse(HeadersTooSlow())
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what cannot be handed to the application, without breaking into an answer under way."""
        self._deaf = True
        self._disarm()
        waiting = self.cycle is not None and not self.cycle.response_complete
        if waiting and not self.cycle.more_body:
            self.cycle.keep_alive = False  # whole requests before the broken one still get their answers
            return
        if not self.transport.is_closing():
            if not waiting or not (self.pipeline or self.cycle.response_started):
                self.transport.write(raw_answer(refusal))
            self.transport.close()


_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
