"""Keeps the documents: asks each service for its part now and then, and holds on to what a service said when it is away."""

import asyncio
import json
from collections.abc import Callable, Mapping

from common.openapi import Json
from gateway.cache import Whole
from gateway.documents.asyncapi import asyncapi
from gateway.documents.merging import Operations, merge
from gateway.documents.page import page_of
from gateway.routing import Row
from gateway.upstream import AnswerMalformed, ConnectionBroken, OutOfTime, Pool, Unreachable
from gateway.upstream.call import call

FRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
"""How soon a service that gave no part is asked again."""
ASK_SECONDS = 3.0


_KEPT = (b"cache-control", b"public, max-age=30")


class Documents:
    """The merged document, its page, and the messages."""

    def __init__(
        self,
        rows: Callable[[], tuple[Row, ...]],
        pools: Mapping[str, Pool],
        monotonic: Callable[[], float],
        operations: Operations,
    ) -> None:
        """
        Args:
            rows: the table as it is now; it may be read again while the gateway runs.
            operations: those the gateway answers itself: path → method → operation.
        """
        self._rows = rows
        self._pools = pools
        self._monotonic = monotonic
        self._operations = operations
        self._parts: dict[str, Json] = {}
        self._made_of: tuple[Row, ...] = ()
        self._ask_again_at = float("-inf")
        self._openapi, self._page = _json({}), _json({})
        self._asyncapi: Whole | None = None
        self._asking = asyncio.Lock()

    async def openapi(self) -> Whole:
        """The OpenAPI 3.1 document: every row of the table, told by its service as soon as that was once there."""
        await self._make_fresh()
        return self._openapi

    async def page(self) -> Whole:
        """The page that shows it."""
        await self._make_fresh()
        return self._page

    async def asyncapi(self) -> Whole:
        """The AsyncAPI 3.0 document; it changes with a release alone."""
        if self._asyncapi is None:
            self._asyncapi = await asyncio.to_thread(lambda: _json(asyncapi()))
        return self._asyncapi

    async def _make_fresh(self) -> None:
        async with self._asking:
            rows = self._rows()
            if rows is self._made_of and self._monotonic() < self._ask_again_at:
                return
            told = dict(zip(self._pools, await asyncio.gather(*map(_fetch, self._pools.values())), strict=True))
            parts = self._parts | {service: part for service, part in told.items() if part is not None}
            if rows is not self._made_of or parts != self._parts:
                # Some 100 ms of work: beside the loop, or everyone who is being served would wait for it.
                self._openapi, self._page = await asyncio.to_thread(_made_of, parts, rows, self._operations)
                self._parts, self._made_of = parts, rows
            self._ask_again_at = self._monotonic() + (RETRY_SECONDS if None in told.values() else FRESH_SECONDS)


def _made_of(parts: Mapping[str, Json], rows: tuple[Row, ...], operations: Operations) -> tuple[Whole, Whole]:
    merged = merge(parts, rows, operations)
    page = Whole(200, [(b"content-type", b"text/html; charset=utf-8"), _KEPT], page_of(merged).encode())
    return _json(merged), page


async def _fetch(pool: Pool) -> Json | None:
    try:
        answer = await call(pool, "GET", "/openapi.json", b"", ASK_SECONDS)
        document = json.loads(answer.body)
    except (Unreachable, ConnectionBroken, AnswerMalformed, OutOfTime, ValueError):
        return None
    return document if answer.status == 200 and isinstance(document, dict) else None


def _json(document: Json) -> Whole:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Whole(200, [(b"content-type", b"application/json"), _KEPT], text.encode())
