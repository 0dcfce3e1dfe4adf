"""A service as the gateway sees it: a server that speaks raw HTTP and keeps what it heard."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from gateway.testing.wire import Heard, read_body, read_head

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

READY = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 18\r\n\r\n{"status":"ready"}'

Reply = Callable[[Heard], Awaitable[bytes] | bytes]


def fine(request: Heard) -> bytes:
    """Ready, and an empty object to everything else."""
    return READY if request.target == "/readyz" else OK


class FakeService:
    """A server at the gateway's edge that speaks raw HTTP and keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.reply: Reply = fine
        self.connections = 0
        self.on_connection: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None
        self.port = 0
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[object]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; a second start takes the same port again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door and every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
            serving = list(self._serving)
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            if self.on_connection is not None:
                await self.on_connection(reader, writer)
                return
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        except asyncio.CancelledError:
            writer.transport.abort()  # `stop` ends everything; nobody waits for this task to tell
        finally:
            self._serving.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, headers = await read_head(reader)
        method, target, _ = first.split(" ")
        request = Heard(method, target, headers, await read_body(reader, headers))
        if target != "/internal/session-feed/lease":
            self.heard.append(request)
        answer = self.reply(request)
        writer.write(answer if isinstance(answer, bytes) else await answer)
        await writer.drain()


def json_answer(value: object, status: str = "200 OK") -> bytes:
    """A whole answer with a JSON body."""
    body = json.dumps(value).encode()
    return f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
