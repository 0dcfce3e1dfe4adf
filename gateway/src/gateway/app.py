"""The gateway as an application: one request from its first check to its line in the log."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

from common.clock import Clock
from common.refusals import Forbidden, InternalFault, Refusal, Unauthenticated
from common.telemetry import logger
from gateway.access_log import AccessLog
from gateway.auth import Door
from gateway.cache import PublicCache, may_be_shared
from gateway.client_policy import ClientGate
from gateway.cors import Cors
from gateway.deprecation import check_sunset, headers_of
from gateway.errors import AppTooOld, IdempotencyKeyNeeded, MethodNotAllowed, RouteRetired
from gateway.exchange import Exchange
from gateway.gathering import gather_body
from gateway.headers import SECURITY, STRICT_TRANSPORT
from gateway.limits import NETWORK, Limits, RateClass, TrustedProxies, client_address, network_of
from gateway.metrics import Metrics
from gateway.own import Own
from gateway.patience import Patience
from gateway.proxy import Proxy
from gateway.routes import GATEWAY
from gateway.routing import Router, Row
from gateway.target import decoded_path
from gateway.tracing import Tracing
from gateway.wire import ClientGone

log = logger("gateway")

_IDEMPOTENCY_KEY = re.compile(
    rb"""(?:"(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"|[\x21\x23-\x7e][\x21-\x7e]{0,254})\Z"""
)


_CEILING = (NETWORK,)
"""What a request counts for that never comes to a row's own classes."""

Handler = Callable[[Exchange, Row, str], Awaitable[None]]
"""Answers a row of the gateway's own; the last argument is the client's address."""


@dataclass(slots=True)
class State:
    """What changes while the process lives."""

    draining: bool = False
    """The process will end: readiness says no, answers close their connections, streams say goodbye."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the application is made of."""

    router: Router
    door: Door
    proxy: Proxy
    cache: PublicCache
    own: Own
    origins: tuple[str, ...]
    """The sites whose pages may call."""
    clock: Clock
    client_gate: ClientGate
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
        self._cors = Cors(parts.origins, (*SECURITY, STRICT_TRANSPORT) if parts.secure else SECURITY)

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request; nothing but cancellation leaves here as an exception."""
        parts = self._parts
        row = self._open(exchange)
        parts.metrics.under_way += 1
        try:
            if exchange.fault is not None:
                await self._turn_away(exchange, exchange.fault)
            elif row is not None:
                await self._serve(exchange, row)
            else:
                await parts.own.answer(exchange, exchange.raw_path.decode("ascii", "replace"))
        except Refusal as refusal:
            await exchange.refuse(refusal)
        except ClientGone:
            exchange.code = "gateway.client_gone"
            exchange.wire.abort()
        except Exception as error:
            log.error("a request failed", route=row.path if row else "-", exc_info=error)
            await exchange.refuse(InternalFault())
        finally:
            parts.metrics.under_way -= 1
            self._close(exchange, row, perf_counter() - exchange.began)

    def _open(self, exchange: Exchange) -> Row | None:
        """Find the row and begin the trace. Without a row and a fault it is one of the gateway's own addresses."""
        parts = self._parts
        row = None
        if exchange.fault is None:
            try:
                row = self._route(exchange)
            except Refusal as refusal:
                exchange.fault = refusal
        exchange.trace = parts.tracing.begin(exchange.method, row.path if row else "-", exchange.inbound.traceparent)
        exchange.headers = self._cors.headers_for(exchange.inbound)
        exchange.patience = parts.patience
        return row

    def _route(self, exchange: Exchange) -> Row | None:
        router = self._parts.router
        row = router.plain(exchange.method, exchange.raw_path)
        if row is not None:
            return row
        path = decoded_path(exchange.raw_path)
        if self._parts.own.has(path):
            self._parts.own.demand(exchange.method)
            return None
        return router.find(exchange.method, path)

    async def _turn_away(self, exchange: Exchange, fault: Refusal) -> None:
        """Refuse what no row is for; a browser's question beforehand is none of that, and no service's business either.

        Both count for their network: nobody may ask without end for what costs no service anything.
        """
        exchange.network = network_of(self._client(exchange))
        await self._count(exchange, _CEILING, None)
        if isinstance(fault, MethodNotAllowed) and self._cors.is_preflight(exchange):
            await self._cors.answer_preflight(exchange, str(fault.details["allow"]))
        else:
            await exchange.refuse(fault)

    async def _serve(self, exchange: Exchange, row: Row) -> None:
        """Who, how often, whole enough: then to the service."""
        exchange.row = row
        parts, inbound = self._parts, exchange.inbound
        client = self._client(exchange)
        exchange.network = network_of(client)
        try:
            self._demand_the_present(exchange, row)
        except (RouteRetired, AppTooOld):
            await self._count(exchange, _CEILING, None)
            raise
        await self._admit(exchange, row)
        if row.key_needed and not _is_one_key(inbound.idempotency_key):
            raise IdempotencyKeyNeeded()
        if row.service == GATEWAY:
            if inbound.has_body:
                await gather_body(exchange, row.body_limit)
            await parts.served_here[row.path](exchange, row, client)
        elif row.cache is not None and may_be_shared(exchange, row):
            await parts.cache.serve(exchange, row, client)
        else:
            await parts.proxy.forward(exchange, row, client)

    def _demand_the_present(self, exchange: Exchange, row: Row) -> None:
        """Tell what is on its way out. Raises RouteRetired and AppTooOld for what is out."""
        parts = self._parts
        if row.deprecated is not None:
            exchange.headers += headers_of(row.deprecated)
            check_sunset(row.deprecated, parts.clock.now())
        parts.client_gate.check(exchange, row)

    async def _admit(self, exchange: Exchange, row: Row) -> None:
        """Who asks, and whether they have not asked too often. Whoever is turned away at the door has asked, too."""
        parts, network = self._parts, exchange.network
        caller = parts.door.at_once(row, exchange.inbound.authorization)
        if caller is None:
            exchange.verdict = parts.limits.closed(network, perf_counter())
            if exchange.verdict is not None:
                raise exchange.verdict.refusal()
        try:
            if caller is None:
                caller = await parts.door.identify(row, exchange.method, exchange.inbound.authorization, network)
            exchange.caller = caller
            parts.door.check(row, caller)  # apart, so that a refusal is logged with whoever was refused
        except (Unauthenticated, Forbidden):
            await self._count(exchange, row.policies_of_strangers, None)
            raise
        principal = exchange.caller.principal.subject
        await self._count(exchange, row.policies_of_strangers if principal is None else row.policies, principal)

    async def _count(self, exchange: Exchange, policies: tuple[RateClass, ...], principal: str | None) -> None:
        limits = self._parts.limits
        if limits.store is None:
            exchange.verdict = limits.check(policies, principal, exchange.network, perf_counter())
        else:
            exchange.verdict = await limits.ask(policies, principal, exchange.network, perf_counter())
        if exchange.verdict is not None and not exchange.verdict.passes:
            raise exchange.verdict.refusal()

    def _client(self, exchange: Exchange) -> str:
        address = exchange.wire.address
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
