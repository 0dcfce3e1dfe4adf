"""An answer that is at hand as a whole, told to one caller: 304 where they have it, compressed where they take it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.cache.conditional import made_tag, unchanged
from gateway.compression import VARIES, packed, packed_headers, packs
from gateway.exchange import Exchange
from gateway.headers import Header

_ABOUT_THE_BODY = frozenset({b"content-type", b"content-length", b"content-encoding", b"content-language"})
"""What a 304 leaves out: the caller has it (RFC 9110 section 15.4.5)."""


@dataclass(slots=True)
class Whole:
    """Status, header fields without the length, and body. An answer of status 200 has a tag."""

    status: int
    headers: list[Header]
    body: bytes
    tag: bytes | None = field(init=False)
    _packing: asyncio.Task[bytes] | None = None

    def __post_init__(self) -> None:
        given = dict(self.headers)
        self.tag = given.get(b"etag")
        if self.tag is None and self.status == 200:
            self.tag = made_tag(given.get(b"content-type", b""), self.body)
            self.headers = [*self.headers, (b"etag", self.tag)]

    @property
    def cost(self) -> int:
        """Bytes of memory, at most: a compressed copy may stand beside the body."""
        return 2 * len(self.body) + sum(len(name) + len(value) for name, value in self.headers)

    async def packed(self) -> bytes:
        """The body compressed, once for all who ask."""
        if self._packing is None:
            self._packing = asyncio.create_task(packed(self.body))
        return await asyncio.shield(self._packing)


async def tell(exchange: Exchange, whole: Whole, extra: Iterable[Header] = ()) -> None:
    """Send the answer.

    Args:
        extra: header fields of this one telling.
    """
    headers = [*whole.headers, *extra]
    pack = packs(exchange, whole.status, headers, len(whole.body))
    if pack is False:
        headers.append(VARIES)
    elif pack:
        headers = packed_headers(headers)
    if whole.tag is not None and unchanged(whole.tag, _asked(exchange)):
        await exchange.begin_answer(304, [header for header in headers if header[0] not in _ABOUT_THE_BODY])
        await exchange.send_body(b"", more=False)
        return
    body = await whole.packed() if pack else whole.body
    headers.append((b"content-length", b"%d" % len(body)))  # for HEAD, too, which sends no body to be measured
    await exchange.answer(whole.status, headers, body)


def _asked(exchange: Exchange) -> Iterable[bytes]:
    return (value for name, value in exchange.inbound.fields if name == b"if-none-match")
