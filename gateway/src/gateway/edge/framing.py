"""How much of a request's head is read, what the parser is made to give up on, and what a client is told then."""

from functools import lru_cache

import httptools

from common.refusals import Refusal
from gateway.errors import HeadersTooLarge, MalformedRequest, TooManyWaiting
from gateway.headers import Inbound

MAX_HEAD = 32 * 1024
"""Bytes of request line and headers together."""
MAX_HEADERS = 100
MAX_PIPELINED = 16
"""Requests that may wait for their turn on one connection; those sent behind them are not read."""


class StopParsing(Exception):
    """Makes the parser give up: nothing more of this connection is read."""


def why_not(unfinished: Inbound | None, header_bytes: int, waiting: int) -> Refusal:
    """Why the parser gave up.

    Args:
        unfinished: the fields of a head that has begun and is not whole.
        header_bytes: the size of these fields.
        waiting: requests that wait for their turn.
    """
    if unfinished is not None and (header_bytes > MAX_HEAD or len(unfinished.fields) > MAX_HEADERS):
        return HeadersTooLarge()
    return TooManyWaiting(retry_after=1) if waiting >= MAX_PIPELINED else MalformedRequest()


@lru_cache(maxsize=64)
def name_of(method: bytes) -> str:
    """A method as text, made once for each."""
    return method.decode("ascii")


def upgrade_may_be_ignored(parser: httptools.HttpRequestParser, inbound: Inbound) -> bool:
    """The parser skips the body of a request that asks for an upgrade, so only one without a body may go on."""
    wants = inbound.get(b"upgrade") or b""
    return parser.get_method() != b"CONNECT" and b"websocket" not in wants.lower() and not inbound.framed
