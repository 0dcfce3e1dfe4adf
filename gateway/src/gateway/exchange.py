"""One request on its way through the gateway: the ASGI side of it, and everything that is said back."""

import asyncio
from dataclasses import dataclass
from typing import cast

from common.refusals import Refusal
from gateway.asgi import Receive, Scope, Send
from gateway.auth import NOBODY, Caller
from gateway.edge import Wire
from gateway.errors import BodyTooLarge, BodyTooSlow, VersionTooOld
from gateway.headers import CLOSE, SECURITY, Header, Inbound, pass_out
from gateway.limits import Verdict
from gateway.refusing import problem_of
from gateway.routing import Row
from gateway.tracing import RequestTrace

LINGER_BYTES = 1024 * 1024
GATHERED = 64 * 1024
"""A body up to this size is sent to the service in one piece with its head."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the gateway waits for others, in seconds."""

    body: float = 15.0
    """For the next part of a request's body."""
    stall: float = 30.0
    """For the next part of an answer, once it has begun."""
    read: float = 30.0
    """For a client to take what was sent to it."""
    linger: float = 1.0
    """For what a refused client still sends, so that it gets to read the refusal."""


class ClientGone(Exception):
    """Whoever asked is no longer there."""


class Exchange:
    """A request, and its answer as far as it has got."""

    __slots__ = (
        "_receive",
        "_send",
        "caller",
        "code",
        "draining",
        "headers",
        "inbound",
        "method",
        "network",
        "patience",
        "row",
        "scope",
        "status",
        "trace",
        "verdict",
        "wire",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, inbound: Inbound, trace: RequestTrace) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self.method = cast(str, scope["method"])
        self.wire = cast(Wire, scope["gateway.wire"])
        self.inbound = inbound
        self.trace = trace
        self.headers: tuple[Header, ...] = SECURITY
        self.draining = False
        self.patience = Patience()
        self.network = "unknown"
        self.row: Row | None = None
        self.caller: Caller = NOBODY
        self.verdict: Verdict | None = None
        self.status = 0
        self.code: str | None = None

    @property
    def answered(self) -> bool:
        """Whether an answer has begun."""
        return self.status != 0

    # --- the request's body

    async def more_body(self) -> tuple[bytes, bool]:
        """The next part of the body, and whether there is more behind it."""
        try:
            async with asyncio.timeout(self.patience.body):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow() from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message.get("body", b""), message.get("more_body", False)

    async def gather_body(self, limit: int) -> tuple[bytes, bool]:
        """The body as far as it fits into one piece, and whether there is more behind it.

        Raises:
            BodyTooLarge: it is longer than `limit` bytes, declared or not.
        """
        length = self.inbound.length
        if length is not None and length > limit:
            raise BodyTooLarge(limit=limit)
        data, more = await self.more_body()
        while more and len(data) <= GATHERED:
            part, more = await self.more_body()
            data += part
        if len(data) > limit:
            raise BodyTooLarge(limit=limit)
        return data, more

    # --- the answer

    async def begin_answer(self, status: int, headers: list[Header], length: int | None = None) -> None:
        """Send status and headers, with the gateway's own. `length` is told where nobody has said it yet."""
        own: list[Header] = [*self.headers, (b"x-request-id", self.trace.trace_id.encode())]
        if self.verdict is not None:
            own += self.verdict.headers
        if length is not None:
            own.append((b"content-length", b"%d" % length))
        passed = pass_out(headers, status, own)
        if self._ends_at_close(passed, status):
            raise VersionTooOld()
        if not self.wire.body_complete or self.draining:
            passed.append(CLOSE)  # what is left of the request must not be read as the next one
        self.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": passed})

    async def send_body(self, data: bytes, *, more: bool) -> None:
        """Send a part of the answer, no faster than the client reads."""
        if self.wire.closing:
            raise ClientGone
        part = {"type": "http.response.body", "body": data, "more_body": more}
        if not self.wire.blocked:
            await self._send(part)
            return
        try:
            async with asyncio.timeout(self.patience.read):
                await self._send(part)
        except TimeoutError:
            self.wire.abort()
            raise ClientGone from None

    async def answer(self, status: int, headers: list[Header], body: bytes) -> None:
        """Send a whole answer of the gateway's own."""
        await self.begin_answer(status, headers, len(body))
        if self.wire.body_complete:
            await self.send_body(body, more=False)
            return
        await self.send_body(body, more=True)
        await self._linger()
        await self.send_body(b"", more=False)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with a problem; when an answer has already begun, cut it visibly instead."""
        self.code = refusal.code
        if self.answered:
            self.wire.abort()
            return
        headers, body = problem_of(refusal, self.trace.trace_id)
        try:
            await self.answer(refusal.status, headers, body)
        except ClientGone:
            self.code = "gateway.client_gone"

    def _ends_at_close(self, headers: list[Header], status: int) -> bool:
        """Whether only the end of the connection could tell HTTP/1.0 where this answer ends."""
        if self.scope["http_version"] != "1.0" or self.method == "HEAD" or status in (204, 304):
            return False
        return all(name != b"content-length" for name, _ in headers)

    async def _linger(self) -> None:
        """Read a little of what the client still sends, or its system throws our answer away with the connection."""
        taken, more = 0, True
        try:
            async with asyncio.timeout(self.patience.linger):
                while more and taken < LINGER_BYTES:
                    data, more = await self.more_body()
                    taken += len(data)
        except (TimeoutError, BodyTooSlow, ClientGone):
            return
