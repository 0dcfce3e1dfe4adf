"""The gateway as an ASGI application: one request from its first check to its line in the log."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

from common.refusals import InternalFault, Refusal
from common.telemetry import logger
from gateway.access_log import AccessLog
from gateway.asgi import Receive, Scope, Send
from gateway.auth import Door
from gateway.errors import IdempotencyKeyNeeded, QuotaExceeded
from gateway.exchange import ClientGone, Exchange, Patience
from gateway.headers import SECURITY, STRICT_TRANSPORT, read_request
from gateway.limits import Limits, TrustedProxies, client_address, network_of
from gateway.metrics import Metrics
from gateway.own import Own
from gateway.proxy import Proxy
from gateway.routes import GATEWAY
from gateway.routing import Router, Row
from gateway.target import decoded_path
from gateway.tracing import Tracing

log = logger("gateway")

_IDEMPOTENCY_KEY = re.compile(
    rb"""(?:"(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"|[\x21\x23-\x7e][\x21-\x7e]{0,254})\Z"""
)


Handler = Callable[[Exchange, Row, str], Awaitable[None]]
"""Answers a row of the gateway's own; the last argument is the client's address."""


@dataclass(slots=True)
class State:
    """What changes while the process lives."""

    draining: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the application is made of."""

    router: Router
    door: Door
    proxy: Proxy
    own: Own
    limits: Limits
    tracing: Tracing
    access_log: AccessLog
    metrics: Metrics
    state: State
    trusted: TrustedProxies
    patience: Patience
    served_here: Mapping[str, Handler]
    """Path → who answers it, for the rows whose service is the gateway itself."""
    secure: bool = False
    """Whether people reach the gateway over https, so that answers may say so."""


class Gateway:
    """The one door."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._security = (*SECURITY, STRICT_TRANSPORT) if parts.secure else SECURITY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing but cancellation leaves here as an exception."""
        began = perf_counter()
        parts = self._parts
        exchange, row, fault = self._open(scope, receive, send)
        parts.metrics.under_way.inc()
        try:
            if fault is not None:
                await exchange.refuse(fault)
            elif row is not None:
                await self._serve(exchange, row)
            else:
                await parts.own.answer(exchange, scope["raw_path"].decode("ascii", "replace"))
        except Refusal as refusal:
            await exchange.refuse(refusal)
        except ClientGone:
            exchange.code = "gateway.client_gone"
            exchange.wire.abort()
        except Exception as error:
            log.error("a request failed", route=row.path if row else "-", exc_info=error)
            await exchange.refuse(InternalFault())
        finally:
            parts.metrics.under_way.dec()
            self._close(exchange, row, perf_counter() - began)

    def _open(self, scope: Scope, receive: Receive, send: Send) -> tuple[Exchange, Row | None, Refusal | None]:
        """Begin the exchange and find its row. Without a row and a fault it is one of the gateway's own addresses."""
        parts = self._parts
        row, fault = self._route(scope)
        inbound = read_request(scope["headers"])
        caller = inbound.traceparent.decode("ascii", "replace") if inbound.traceparent else None
        trace = parts.tracing.begin(scope["method"], row.path if row else "-", caller)
        exchange = Exchange(scope, receive, send, inbound, trace)
        exchange.headers = self._security
        exchange.patience = parts.patience
        exchange.draining = parts.state.draining
        return exchange, row, fault

    def _route(self, scope: Scope) -> tuple[Row | None, Refusal | None]:
        fault: Refusal | None = scope.get("gateway.fault")
        if fault is not None:
            return None, fault
        try:
            path = decoded_path(scope["raw_path"])
            if self._parts.own.has(path):
                return None, None
            return self._parts.router.find(scope["method"], path), None
        except Refusal as refusal:
            return None, refusal

    async def _serve(self, exchange: Exchange, row: Row) -> None:
        """Who, how often, whole enough: then to the service."""
        exchange.row = row
        parts, inbound = self._parts, exchange.inbound
        client = self._client(exchange)
        exchange.network = network_of(client)
        if row.limit.per_network:
            self._count(exchange, row, None)
        exchange.caller = await parts.door.admit(row, exchange.method, inbound.authorization)
        if not row.limit.per_network:
            self._count(exchange, row, exchange.caller.principal.subject)
        if row.key_needed and not _is_one_key(inbound.idempotency_key):
            raise IdempotencyKeyNeeded()
        if row.service == GATEWAY:
            await parts.served_here[row.path](exchange, row, client)
        else:
            await parts.proxy.forward(exchange, row, client)

    def _count(self, exchange: Exchange, row: Row, principal: str | None) -> None:
        exchange.verdict = self._parts.limits.check(row.limit, principal, exchange.network, perf_counter())
        if exchange.verdict is not None and not exchange.verdict.passes:
            raise QuotaExceeded(retry_after=exchange.verdict.retry_after, violated_policies=[row.limit.name])

    def _client(self, exchange: Exchange) -> str:
        peer = exchange.scope["client"]
        address: str = peer[0] if peer else "unknown"
        forwarded = exchange.inbound.forwarded_for
        if forwarded is None or not self._parts.trusted:
            return address
        return client_address(address, forwarded.decode("latin-1"), self._parts.trusted)

    def _close(self, exchange: Exchange, row: Row | None, seconds: float) -> None:
        status, route = exchange.status or 499, row.path if row else "-"
        method = exchange.method
        exchange.trace.end(status)
        self._parts.metrics.record(method, route, status, seconds, exchange.code)
        self._parts.access_log.add(
            method=method,
            route=route,
            status=status,
            seconds=seconds,
            trace_id=exchange.trace.trace_id,
            who=exchange.caller.name,
            network=exchange.network,
            code=exchange.code,
        )


def _is_one_key(values: list[bytes]) -> bool:
    return len(values) == 1 and _IDEMPOTENCY_KEY.match(values[0]) is not None
