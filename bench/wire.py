"""The smallest HTTP client that does: one kept-alive connection, one request at a time.

The load is made on the same cores as what is measured, so each microsecond spent here is taken from the platform.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from bench.report import NotMeasured

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SECONDS = 30.0


class Answer(NamedTuple):
    """An answer, read whole."""

    status: int
    body: bytes

    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(
        self, method: str, path: str, token: str, *, body: object | None = None, key: str | None = None
    ) -> Answer:
        """One request as the holder of `token`; `key` is its Idempotency-Key. Raises NotMeasured when no answer can be read."""
        lines = [f"{method} {path} HTTP/1.1", "host: bench", f"authorization: Bearer {token}"]
        content = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            lines += ["content-type: application/json", f"content-length: {len(content)}"]
        if key is not None:
            lines.append(f"idempotency-key: {key}")
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._answer()
        except (TimeoutError, OSError, EOFError) as fault:
            raise NotMeasured(f"{method} {path}: {type(fault).__name__}") from fault

    async def expect(self, status: int, method: str, path: str, token: str, **more: Any) -> Any:
        """As `ask`, and its JSON. Raises NotMeasured for any other status."""
        answer = await self.ask(method, path, token, **more)
        if answer.status != status:
            raise NotMeasured(f"{method} {path}: {answer.status} instead of {status}: {answer.body[:300]!r}")
        return answer.json()

    async def _answer(self) -> Answer:
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None:
            raise NotMeasured(f"an answer without a length: {head[:300]!r}")
        return Answer(int(head[9:12]), await self._reader.readexactly(int(length[1])))


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Wire]]:
    """Connections to a port of this machine, closed with the block."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        yield [Wire(reader, writer) for reader, writer in opened]
    finally:
        for _, writer in opened:
            writer.close()
