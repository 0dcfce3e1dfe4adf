"""One request on its way through the gateway: its body as it comes, and everything that is said back."""

import asyncio
from time import perf_counter

from common.refusals import Refusal
from gateway.auth import NOBODY, Caller
from gateway.errors import BodyTooSlow, VersionTooOld
from gateway.headers import SECURITY, Header, Inbound, date_line, line_of, pass_out, status_line, with_own
from gateway.limits import Verdict
from gateway.patience import PATIENCE
from gateway.refusing import problem_of
from gateway.routing import Row
from gateway.tracing import RequestTrace
from gateway.wire import ClientGone, Wire


class Exchange:
    """A request, and its answer as far as it has got."""

    __slots__ = (
        "_broken",
        "_chunked",
        "_gone",
        "_head",
        "_held",
        "_parts",
        "_told_whole",
        "_waiter",
        "began",
        "body_complete",
        "caller",
        "code",
        "fault",
        "headers",
        "inbound",
        "keep",
        "method",
        "network",
        "patience",
        "query",
        "raw_path",
        "row",
        "status",
        "target",
        "trace",
        "verdict",
        "version",
        "wire",
    )

    trace: RequestTrace

    def __init__(
        self, wire: Wire, method: str, target: bytes, version: str, inbound: Inbound, fault: Refusal | None
    ) -> None:
        """
        Args:
            target: path and query as they came.
            fault: why this is no request to serve, when the edge found something wrong with it.
        """
        self.began = perf_counter()
        self.wire = wire
        self.method = method
        self.target = target
        self.raw_path, _, self.query = target.partition(b"?")
        self.version = version
        self.inbound = inbound
        self.fault = fault
        self.keep = True
        """Whether the connection may carry another request after this one."""
        self.headers: tuple[Header, ...] = SECURITY
        self.patience = PATIENCE
        self.network = "unknown"
        self.row: Row | None = None
        self.caller: Caller = NOBODY
        self.verdict: Verdict | None = None
        self.status = 0
        self.code: str | None = None
        self.body_complete = False
        self._parts: list[bytes] = []
        self._held = 0
        self._told_whole = False
        self._gone = False
        self._broken: Refusal | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._head = b""
        self._chunked = False

    @property
    def answered(self) -> bool:
        """Whether an answer has begun."""
        return self.status > 0

    # --- told by the connection

    def take(self, data: bytes) -> int:
        """A part of the body has come; how many bytes wait to be read."""
        self._parts.append(data)
        self._held += len(data)
        self._wake()
        return self._held

    def whole(self) -> None:
        """The body is complete."""
        self.body_complete = True
        self._wake()

    def broken(self, reason: Refusal) -> None:
        """The rest of the body will not come, or cannot be read."""
        self._broken = reason
        self.keep = False
        self._wake()

    def lost(self) -> None:
        """The client has gone."""
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- the request's body

    async def more_body(self, due: float | None = None) -> tuple[bytes, bool]:
        """The next part of the body, and whether more follows. After the whole body: wait until the client has gone.

        Args:
            due: the event loop's time when it is too late for any part.

        Raises:
            ClientGone, BodyTooSlow, MalformedRequest.
        """
        if not self._parts and not (self.body_complete and not self._told_whole):
            await self._until_told(due)
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._held = 0
        self._told_whole = self.body_complete
        if not self.body_complete:
            self.wire.read_on()
        return data, not self.body_complete

    async def gone(self) -> None:
        """Wait until the client has gone."""
        while not self._gone and not self.wire.closing:
            await self._told()

    async def _until_told(self, due: float | None) -> None:
        """Until a part, the end of the body, or the end of the client."""
        # HTTP/1.0 knows no interim answers, whatever its Expect says (RFC 9110 section 10.1.1).
        if self.inbound.expects_continue and self.version == "1.1" and not self.answered and not self.body_complete:
            self.inbound.expects_continue = False
            self.wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        ends = None if self.body_complete else asyncio.get_running_loop().time() + self.patience.body
        if ends is not None and due is not None:
            ends = min(ends, due)
        try:
            async with asyncio.timeout_at(ends):
                while not self._parts and (self._told_whole or not self.body_complete):
                    if self._gone:
                        raise ClientGone
                    if self._broken is not None:
                        raise self._broken
                    await self._told()
        except TimeoutError:
            self.keep = False
            raise BodyTooSlow() from None

    async def _told(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    # --- the answer

    async def begin_answer(self, status: int, headers: list[Header], length: int | None = None) -> None:
        """Make status and headers, with the gateway's own, ready to go out with the first part of the body.

        Args:
            length: of the body, where it is known and `headers` do not say it.
        """
        passed, counted = pass_out(headers, status)
        head = [status_line(status), with_own(passed, self.headers), date_line()]
        head.append(b"x-request-id: %b\r\n" % self.trace.trace_id.encode())
        if self.verdict is not None:
            head += [line_of(name, value) for name, value in self.verdict.headers]
        if not counted and self.method != "HEAD" and status not in (204, 304):
            head.append(self._framing(length))
        if not self.body_complete or self.wire.leaving:
            self.keep = False  # what is left of the request must not be read as the next one
        head.append(b"\r\n" if self.keep else b"connection: close\r\n\r\n")
        self.status = status
        self._head = b"".join(head)

    def _framing(self, length: int | None) -> bytes:
        if length is not None:
            return b"content-length: %d\r\n" % length
        if self.version == "1.0":
            raise VersionTooOld()  # only the end of the connection could tell HTTP/1.0 where this answer ends
        self._chunked = True
        return b"transfer-encoding: chunked\r\n"

    async def send_body(self, data: bytes, *, more: bool) -> None:
        """Send a part of the answer, no faster than the client reads; the head goes with the first one."""
        if self._gone or self.wire.closing:
            raise ClientGone
        if self.method == "HEAD" or self.status in (204, 304):
            data = b""
        elif self._chunked:
            data = (b"%x\r\n%b\r\n" % (len(data), data) if data else b"") + (b"" if more else b"0\r\n\r\n")
        if self._head:
            data, self._head = self._head + data, b""
        if self.wire.blocked:
            await self._until_read()
        if data:
            self.wire.write(data)
        if not more:
            self.wire.finished(keep=self.keep, unread=not self.body_complete)

    async def answer(self, status: int, headers: list[Header], body: bytes) -> None:
        """Send a whole answer of the gateway's own."""
        await self.begin_answer(status, headers, len(body))
        await self.send_body(body, more=False)

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

    async def _until_read(self) -> None:
        try:
            await self.wire.drained(self.patience.read)
        except TimeoutError:
            self.wire.abort()
        if self.wire.closing:
            raise ClientGone
