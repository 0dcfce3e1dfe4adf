"""What llhttp finds in a request, how much of it is read, and who is told of it."""

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

import httptools

from common.refusals import Refusal
from gateway.edge.framing import (
    MAX_HEAD,
    MAX_HEADERS,
    MAX_PIPELINED,
    StopParsing,
    name_of,
    upgrade_may_be_ignored,
)
from gateway.errors import UpgradeRefused
from gateway.exchange import Exchange
from gateway.headers import Inbound
from gateway.target import fault_of

if TYPE_CHECKING:
    from gateway.edge.server import Edge

BODY_HIGH_WATER = 64 * 1024
"""Bytes of a body held before the client is told to wait."""


class Reading(ABC):
    """The request that is being read on a connection, and the parser that reads it."""

    __slots__ = (
        "_edge",
        "_head_bytes",
        "_head_due",
        "_header_bytes",
        "_idle_due",
        "_in_head",
        "_inbound",
        "_parser",
        "_receiving",
        "_target",
        "_waiting",
    )

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Exchange] = deque()
        """Requests behind the one that is being answered."""
        self._receiving: Exchange | None = None
        """The one whose body is being read."""
        self._inbound = Inbound()
        self._target = b""
        self._in_head = False
        """Whether a head has begun and is not whole."""
        self._head_bytes = self._header_bytes = 0
        self._head_due: float | None = None
        self._idle_due: float | None = None

    @abstractmethod
    def _enqueue(self, method: str, target: bytes, version: str, inbound: Inbound, fault: Refusal | None) -> Exchange:
        """A head is whole: have its request answered in its turn."""

    @abstractmethod
    def _stop_reading(self) -> None:
        """More has come than anybody reads."""

    def on_message_begin(self) -> None:
        """llhttp: a request begins."""
        self._inbound = Inbound()
        self._target = b""
        self._in_head = True
        self._header_bytes = 0
        self._idle_due = None
        if self._head_due is None:
            self._head_due = self._edge.now + self._edge.head_seconds

    def on_url(self, part: bytes) -> None:
        """llhttp: the target, or a part of it."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp: one field. Too many end the connection; trailers are dropped."""
        if not self._in_head:
            return  # a trailer: nothing here needs one, and none may pass for a header
        inbound = self._inbound
        self._header_bytes += len(name) + len(value)
        inbound.take(name, value)
        if self._header_bytes > MAX_HEAD or len(inbound.fields) > MAX_HEADERS:
            raise StopParsing

    def on_headers_complete(self) -> None:
        """llhttp: the head is whole. It is judged, then the application gets to see the request."""
        if len(self._waiting) >= MAX_PIPELINED:
            raise StopParsing
        self._in_head = False
        self._head_due = None
        self._head_bytes = 0
        parser, inbound = self._parser, self._inbound
        version = parser.get_http_version()
        fault = fault_of(self._target, inbound, version)
        if fault is None and parser.should_upgrade() and not upgrade_may_be_ignored(parser, inbound):
            fault = UpgradeRefused()
        method = name_of(parser.get_method())
        self._receiving = self._enqueue(method, b"/" if fault else self._target, version, inbound, fault)

    def on_body(self, data: bytes) -> None:
        """llhttp: a part of the body. What comes between two of them (extensions of chunks, trailers) is bounded like a
        head: the parser keeps a trailer until it is whole."""
        self._head_bytes = 0
        receiving = self._receiving
        if receiving is not None and receiving.take(data) > BODY_HIGH_WATER:
            self._stop_reading()

    def on_message_complete(self) -> None:
        """llhttp: the request is whole."""
        self._end_of_body()
        self._head_bytes = 0

    def _end_of_body(self) -> None:
        if self._receiving is not None:
            self._receiving.whole()
            self._receiving = None
