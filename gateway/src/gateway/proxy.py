"""The way of a request to its service and back: streamed both ways, bytes as they came, every end accounted for."""

import asyncio

from gateway.auth import InternalTokens
from gateway.compression import VARIES, packs, relay_packed
from gateway.errors import AnswerUnusable, BodyTooLarge, DeadlinePassed, ServiceAway
from gateway.exchange import Exchange
from gateway.gathering import gather_body
from gateway.routing import Row
from gateway.upstream import AnswerMalformed, Connection, ConnectionBroken, OutOfTime, Pool, Request, Unreachable
from gateway.upstream import Exchange as Upstream

SLOWEST_UPLOAD = 64 * 1024
"""Bytes per second: a body as large as its route allows may take as long as this, on top of the route's timeout."""


class Proxy:
    """Sends requests on."""

    def __init__(self, pools: dict[str, Pool], tokens: InternalTokens) -> None:
        self._pools = pools
        self._tokens = tokens

    async def forward(self, exchange: Exchange, row: Row, client: str) -> None:
        """Send the request to the service of its row, and its answer back.

        Args:
            client: the client's address, which the service is told.
        """
        try:
            upstream = await self._begin(exchange, row, client)
        except Unreachable:
            raise ServiceAway(service=row.service, retry_after=1) from None
        except OutOfTime:
            raise DeadlinePassed(service=row.service) from None
        except (AnswerMalformed, ConnectionBroken):
            raise AnswerUnusable(service=row.service) from None
        try:
            await _relay(exchange, upstream.connection)
        except (AnswerMalformed, ConnectionBroken, OutOfTime):
            raise AnswerUnusable(service=row.service) from None
        finally:
            self._pools[row.service].finish(upstream)

    async def _begin(self, exchange: Exchange, row: Row, client: str) -> Upstream:
        inbound, pool = exchange.inbound, self._pools[row.service]
        now = pool.loop.time()
        if not inbound.has_body:
            head = self._head(exchange, row, client, b"") + b"\r\n"
            hedge = row.path if row.hedge else None
            request = Request(exchange.method, head, keyed=row.key_needed, hedge=hedge)
            return await pool.begin(request, now + row.timeout)
        first, more = await gather_body(exchange, row.body_limit)
        if not more:
            line = b"content-length: %d\r\n" % len(first)
            data = self._head(exchange, row, client, line) + b"\r\n" + first
            request = Request(exchange.method, data, keyed=row.key_needed)
            return await pool.begin(request, now + row.timeout)
        length = inbound.length
        line = b"transfer-encoding: chunked\r\n" if length is None else b"content-length: %d\r\n" % length
        head = self._head(exchange, row, client, line) + b"\r\n"
        upload = _Upload(exchange, first, row.body_limit, chunked=length is None)
        deadline = now + row.timeout + row.body_limit / SLOWEST_UPLOAD
        return await pool.begin(Request(exchange.method, head, upload.run), deadline)

    def _head(self, exchange: Exchange, row: Row, client: str, framing: bytes) -> bytes:
        """Request line and headers, without the empty line at the end. The target goes on exactly as it came."""
        trace = exchange.trace
        return (
            b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b\r\nx-request-id: %b\r\ntraceparent: %b\r\nx-forwarded-for: %b\r\n%b"
            % (
                exchange.method.encode(),
                exchange.target,
                row.service.encode(),
                exchange.inbound.lines(),
                self._tokens.header_for(exchange.caller.principal, row.service),
                trace.trace_id.encode(),
                trace.to_service(row.service, exchange.method).encode(),
                client.encode(),
                framing,
            )
        )


class _Upload:
    """Sends the rest of a body while the answer is awaited."""

    def __init__(self, exchange: Exchange, first: bytes, limit: int, *, chunked: bool) -> None:
        self._exchange = exchange
        self._first = first
        self._limit = limit
        self._chunked = chunked

    async def run(self, connection: Connection) -> None:
        """Raises BodyTooLarge, BodyTooSlow or ClientGone: the exchange then ends with it."""
        data, more, sent = self._first, True, 0
        while True:
            sent += len(data)
            if sent > self._limit:
                raise BodyTooLarge(limit=self._limit)
            if data or not more:
                await connection.send_more(self._framed(data, last=not more), last=not more)
            if not more:
                return
            data, more = await self._exchange.more_body()

    def _framed(self, data: bytes, *, last: bool) -> bytes:
        if not self._chunked:
            return data
        end = b"0\r\n\r\n" if last else b""
        return (b"%x\r\n%b\r\n" % (len(data), data) if data else b"") + end


async def _relay(exchange: Exchange, connection: Connection) -> None:
    """Pass an answer out. A client that reads slowly slows the service, through the connection's high-water mark."""
    headers = connection.headers
    if exchange.row is not None and exchange.row.compressed:
        pack = packs(exchange, connection.status, headers)
        if pack:
            await relay_packed(exchange, connection.status, headers, lambda: _next(connection, exchange.patience.stall))
            return
        if pack is False:
            headers = [*headers, VARIES]
    bodiless = exchange.method == "HEAD" or connection.status in (204, 304)
    await exchange.begin_answer(connection.status, headers, None if bodiless else connection.whole_length)
    while True:
        data = connection.take() if connection.at_hand else await _next(connection, exchange.patience.stall)
        more = not connection.drained
        await exchange.send_body(data, more=more)
        if not more:
            return


async def _next(connection: Connection, seconds: float) -> bytes:
    loop = asyncio.get_running_loop()
    timer = loop.call_later(seconds, connection.fail, OutOfTime())
    try:
        return await connection.read()
    finally:
        timer.cancel()
