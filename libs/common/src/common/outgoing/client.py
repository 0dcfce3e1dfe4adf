"""The one client for calls to the outside; see the package for what it guards against."""

import asyncio
import json
import re
import ssl
from collections.abc import Collection, Mapping
from time import perf_counter
from types import TracebackType
from typing import Self

import aiohttp
from opentelemetry import trace
from yarl import URL

from common.outgoing.addresses import Lookup, PinnedLookup, is_address, is_public, system_lookup
from common.outgoing.answers import (
    Answer,
    AnswerEncoded,
    AnswerTooLarge,
    DestinationRefused,
    DestinationUnreachable,
    NoAnswer,
)
from common.telemetry import logger, tracer

log = logger("outgoing")

_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")


class Outgoing:
    """A client for calls to the outside. One per process; safe for many callers at once."""

    def __init__(
        self,
        *,
        allowed_origins: Collection[str] = (),
        deadline: float = 10.0,
        max_answer: int = 1_000_000,
        connections_per_host: int = 20,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup = system_lookup,
    ) -> None:
        """
        Args:
            allowed_origins: origins (`http://127.0.0.1:8123`) that may be called without TLS and at any address. Only
                what an operator configured belongs here, never what a user typed.
            deadline: seconds for a whole call: look-up, connection, sending and reading.
            max_answer: bytes of body read before the call is given up.
            connections_per_host: further calls to a host wait, and that counts against their deadline.
            tls: trust other than the system's certificates.
        """
        self._allowed = frozenset(URL(origin).origin() for origin in allowed_origins)
        self._deadline = deadline
        self._max_answer = max_answer
        self._connections_per_host = connections_per_host
        self._tls = tls
        self._lookup = lookup
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of every connection."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        deadline: float | None = None,
        status_only: bool = False,
    ) -> Answer:
        """Call `url` and read its answer, whatever its status; redirects are answers, never followed.

        With `status_only` the answer's body is left where it is, however long, slow or encoded.

        Raises DestinationRefused, DestinationUnreachable, NoAnswer, AnswerTooLarge, AnswerEncoded.
        """
        target = _parsed(url)
        host = target.host or ""
        session = self._session(self._judge(target))
        begun = perf_counter()
        with tracer().start_as_current_span(
            f"{method} {host}",
            kind=trace.SpanKind.CLIENT,
            attributes={"http.request.method": method, "server.address": host},
        ) as span:
            try:
                async with asyncio.timeout(self._deadline if deadline is None else deadline):
                    answer = await self._exchange(session, method, target, headers or {}, body, status_only)
            except aiohttp.ClientConnectorError as unreachable:
                raise DestinationUnreachable(host=host) from unreachable
            except aiohttp.InvalidURL as odd:
                raise DestinationRefused(host=host, reason="the address is malformed") from odd
            except (TimeoutError, aiohttp.ClientError, OSError) as silence:
                raise NoAnswer(host=host) from silence
            span.set_attribute("http.response.status_code", answer.status)
        elapsed = round((perf_counter() - begun) * 1000)
        log.info("the outside answered", method=method, host=host, status=answer.status, milliseconds=elapsed)
        return answer

    async def post_json(
        self, url: str, value: object, *, headers: Mapping[str, str] | None = None, method: str = "POST"
    ) -> Answer:
        """Send `value` as JSON. As `request` otherwise."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return await self.request(
            method, url, headers={"Content-Type": "application/json", **(headers or {})}, body=body
        )

    def require_callable(self, url: str) -> None:
        """Refuse an address that would never be called, without looking its name up. Raises DestinationRefused."""
        self._judge(_parsed(url))

    def _judge(self, target: URL) -> bool:
        """Whether `target` is an allowed origin. Raises DestinationRefused for what may not be called at all."""
        host = target.host or ""
        if target.origin() in self._allowed:
            return True
        if target.scheme != "https":
            raise DestinationRefused(host=host, reason="only https is allowed")
        if is_address(host) and not is_public(host):
            raise DestinationRefused(host=host, reason="it is not on the public internet")
        return False

    def _session(self, trusted: bool) -> aiohttp.ClientSession:
        # Two pools, so that a connection made without the address check can never serve a guarded call.
        if trusted not in self._sessions:
            self._sessions[trusted] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=PinnedLookup(self._lookup, guarded=not trusted),
                    use_dns_cache=False,
                    ssl=self._tls or True,
                    limit_per_host=self._connections_per_host,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
                trust_env=False,
            )
        return self._sessions[trusted]

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        method: str,
        target: URL,
        headers: Mapping[str, str],
        body: bytes,
        status_only: bool,
    ) -> Answer:
        host = target.host or ""
        sent = {"Accept-Encoding": "identity", "User-Agent": "Lanyard", **headers}
        async with session.request(method, target, headers=sent, data=body or None, allow_redirects=False) as response:
            if status_only:
                return Answer(host=host, status=response.status, headers=response.headers, body=b"")
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise AnswerEncoded(host=host)
            read = bytearray()
            async for chunk in response.content.iter_chunked(65_536):
                read += chunk
                if len(read) > self._max_answer:
                    raise AnswerTooLarge(host=host, limit=self._max_answer)
            return Answer(host=host, status=response.status, headers=response.headers, body=bytes(read))


def _parsed(url: str) -> URL:
    try:
        target = URL(url)
        host = target.host or ""
        # What no name server could be asked for, or no socket opened to, would fail anew with every call.
        spelled = is_address(host) or _HOST_NAME.fullmatch(host.encode("idna").decode()) is not None
    except ValueError as malformed:
        raise DestinationRefused(host="?", reason="the address is malformed") from malformed
    if not target.absolute or not spelled or not target.port or target.user is not None or target.password is not None:
        raise DestinationRefused(host=host or "?", reason="the address is malformed")
    return target
