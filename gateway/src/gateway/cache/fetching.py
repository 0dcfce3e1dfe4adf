"""Asks a service for a whole answer that many may get: in nobody's name, with nothing of one caller in the request."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.principal import ANONYMOUS
from gateway.auth import InternalTokens
from gateway.errors import AnswerUnusable, DeadlinePassed, ServiceAway
from gateway.headers import Header, pass_out
from gateway.routing import Row
from gateway.tracing import RequestTrace
from gateway.upstream import AnswerMalformed, Connection, ConnectionBroken, OutOfTime, Pool, Request, Unreachable

MOST_BYTES = 256 * 1024
"""A longer answer is not kept; it goes to each caller by itself, as a stream."""
_OF_ONE_REQUEST = frozenset({b"age", b"cache-status", b"content-length", b"server-timing", b"x-request-id"})


class TooLong(Exception):
    """The answer is longer than what is kept."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Status, header fields that are not of one request, and body."""

    status: int
    headers: list[Header]
    body: bytes


class Collector:
    """Fetches whole answers over the pools that the proxy uses."""

    def __init__(self, pools: Mapping[str, Pool], tokens: InternalTokens) -> None:
        self._pools = pools
        self._tokens = tokens

    async def fetch(self, row: Row, target: bytes, fields: Sequence[Header], trace: RequestTrace) -> Fetched:
        """The answer to a GET, whole, within the row's timeout.

        Args:
            target: path and query.
            fields: the caller's header fields that the row varies by.

        Raises:
            TooLong, and the refusals a caller gets: ServiceAway, DeadlinePassed, AnswerUnusable.
        """
        try:
            return await self._fetch(row, self._head(row, target, fields, trace))
        except Unreachable:
            raise ServiceAway(service=row.service, retry_after=1) from None
        except (OutOfTime, TimeoutError):
            raise DeadlinePassed(service=row.service) from None
        except (AnswerMalformed, ConnectionBroken):
            raise AnswerUnusable(service=row.service) from None

    async def _fetch(self, row: Row, head: bytes) -> Fetched:
        pool = self._pools[row.service]
        deadline = asyncio.get_running_loop().time() + row.timeout
        request = Request("GET", head, hedge=row.path if row.hedge else None)
        upstream = await pool.begin(request, deadline)
        try:
            async with asyncio.timeout_at(deadline):
                body = await _whole(upstream.connection)
            headers, _ = pass_out(upstream.connection.headers, upstream.connection.status)
            kept = [header for header in headers if header[0] not in _OF_ONE_REQUEST]
            return Fetched(upstream.connection.status, kept, body)
        finally:
            pool.finish(upstream)

    def _head(self, row: Row, target: bytes, fields: Sequence[Header], trace: RequestTrace) -> bytes:
        lines = [
            b"GET %b HTTP/1.1" % target,
            b"host: " + row.service.encode(),
            *(name + b": " + value for name, value in fields),
            self._tokens.header_for(ANONYMOUS, row.service),
            b"x-request-id: " + trace.trace_id.encode(),
            b"traceparent: " + trace.to_service(row.service, "GET").encode(),
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n"


async def _whole(connection: Connection) -> bytes:
    """Raises TooLong as soon as it is known."""
    for name, value in connection.headers:
        if name == b"content-length" and int(value) > MOST_BYTES:
            raise TooLong
    parts = bytearray()
    while data := await connection.read():
        parts += data
        if len(parts) > MOST_BYTES:
            raise TooLong
    return bytes(parts)
