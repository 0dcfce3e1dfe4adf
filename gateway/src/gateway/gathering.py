"""The body of a request that goes on to its service in one piece with the head."""

import asyncio

from gateway.errors import BodyTooLarge
from gateway.exchange import Exchange

GATHERED = 64 * 1024
"""A body up to this size is sent to the service in one piece with its head."""


async def gather_body(exchange: Exchange, limit: int) -> tuple[bytes, bool]:
    """The body as far as it fits into one piece, and whether there is more behind it.

    Raises:
        BodyTooLarge: it is longer than `limit` bytes, declared or not.
        ClientGone, BodyTooSlow, MalformedRequest: as `Exchange.more_body` raises them.
    """
    length = exchange.inbound.length
    if length is not None and length > limit:
        raise BodyTooLarge(limit=limit)
    if exchange.body_complete:
        data, more = await exchange.more_body()
    else:
        data, more = await _gather(exchange)
    if len(data) > limit:
        raise BodyTooLarge(limit=limit)
    return data, more


async def _gather(exchange: Exchange) -> tuple[bytes, bool]:
    due = asyncio.get_running_loop().time() + exchange.patience.gather
    data, more = await exchange.more_body(due)
    while more and len(data) <= GATHERED:
        part, more = await exchange.more_body(due)
        data += part
    return data, more
