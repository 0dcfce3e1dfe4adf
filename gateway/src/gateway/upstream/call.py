"""One small question to a service, asked by the gateway itself: the whole answer, bounded, within one deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.upstream.failures import AnswerMalformed, OutOfTime
from gateway.upstream.pool import Pool
from gateway.upstream.request import Request

MAX_ANSWER = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower case) and body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


async def call(
    pool: Pool,
    method: str,
    path: str,
    body: bytes,
    seconds: float,
    *lines: bytes,
    most: int = MAX_ANSWER,
    insists: bool = True,
) -> Answer:
    """Ask and wait for the whole answer, even when the service is taken for away: an answer tells that it is back.

    Args:
        lines: further header lines, without line ends.
        most: bytes of the answer.
        insists: false where a caller waits, who had better hear at once that the service is taken for away.

    Raises:
        Unreachable, ConnectionBroken, AnswerMalformed, OutOfTime: as `Pool.begin`.
    """
    head = [
        f"{method} {path} HTTP/1.1".encode(),
        b"host: " + pool.service.encode(),
        b"accept: application/json",
        *lines,
    ]
    if body:
        head += [b"content-type: application/json", b"content-length: %d" % len(body)]
    deadline = asyncio.get_running_loop().time() + seconds
    request = Request(method, b"\r\n".join(head) + b"\r\n\r\n" + body, insists=insists)
    exchange = await pool.begin(request, deadline)
    try:
        async with asyncio.timeout_at(deadline):
            whole = await _whole(exchange.connection.read, most)
        return Answer(exchange.connection.status, tuple(exchange.connection.headers), whole)
    except TimeoutError:
        raise OutOfTime from None
    finally:
        pool.finish(exchange)


async def _whole(read: Callable[[], Awaitable[bytes]], most: int) -> bytes:
    parts = bytearray()
    while data := await read():
        parts += data
        if len(parts) > most:
            raise AnswerMalformed("an answer larger than any the gateway asks for")
    return bytes(parts)
