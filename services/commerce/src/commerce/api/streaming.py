"""An answer that is made while it is sent, and no longer made when nobody reads it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import Response
from starlette.types import Receive, Scope, Send


class Streamed(Response):
    """A file for download, in chunks. What makes it is closed when the client is gone, and in every other case.

    Starlette's own class leaves a half-read generator to the garbage collector, with its transaction open until then.
    """

    media_type = "text/csv"

    def __init__(self, chunks: AsyncGenerator[bytes], *, file_name: str) -> None:
        super().__init__(
            headers={"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"}
        )
        del self.headers["content-length"]
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send chunk by chunk; each waits until the one before has gone out."""
        gone = asyncio.create_task(_disconnected(receive))
        try:
            async with aclosing(self._chunks) as chunks:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for chunk in chunks:
                    if gone.done():
                        return
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
