"""The composition root: settings → the door, the proxy, the server. Nothing else chooses real things."""

import asyncio
import gc
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from common.bus import Bus
from common.clock import Clock, SystemClock, SystemEntropy
from common.principal import InternalIssuer
from common.session_feed import SignInCache
from common.telemetry import configure_logs, logger
from common.tokens import SigningKey
from common.topology import DROP_SUBJECT, feeds
from gateway.access_log import AccessLog
from gateway.app import Gateway, Parts, State
from gateway.auth import AccessTokens, Door, Guesses, Identity, InternalTokens, LeaseKeeper
from gateway.cache import Collector, PublicCache
from gateway.client_policy import POLICY_FEED, ClientGate, ClientPolicies
from gateway.documents import OPERATIONS, Documents
from gateway.edge import Server
from gateway.health import Health
from gateway.home import Home
from gateway.limits import Limits, TrustedProxies
from gateway.live import Live
from gateway.metrics import Metrics
from gateway.open_files import allow_open_files
from gateway.own import Own
from gateway.patience import Patience
from gateway.proxy import Proxy
from gateway.reload import SHIPPED, Reload, read_rows
from gateway.routes import IDENTITY, RELEASES, ROWS
from gateway.routing import Router, Row
from gateway.settings import GatewaySettings
from gateway.spans import OtlpSender, Spans
from gateway.status import Doorway, Status
from gateway.tracing import Tracing
from gateway.upstream import Figures, Pool

if TYPE_CHECKING:
    from gateway.limits.store import ValkeyStore

log = logger("gateway")


@dataclass(frozen=True, slots=True)
class Built:
    """The gateway, and what has to run beside it."""

    gateway: Gateway
    state: State
    cache: SignInCache
    tokens: AccessTokens
    keeper: LeaseKeeper
    pools: Mapping[str, Pool]
    lookups: Pool
    access_log: AccessLog
    tracing: Tracing
    public_cache: PublicCache
    reload: Reload
    policies: ClientPolicies
    health: Health
    status: Status
    live: Live
    store: "ValkeyStore | None" = None
    """Where limits are counted together with other gateways."""
    hears_drops: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once drops come over NATS; until then they come with the renewals of the lease."""
    buses: list[Bus] = field(default_factory=list)
    """The connection to NATS, once there is one."""


def build(
    settings: GatewaySettings,
    *,
    clock: Clock | None = None,
    rows: tuple[Row, ...] = ROWS,
    patience: Patience | None = None,
    tracing: Tracing | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Built:
    """Put the parts together; nothing runs yet. Tests choose another clock, table, patience or tracer.

    Args:
        monotonic: seconds of a clock that never goes back, by which kept answers age.
    """
    clock = clock or SystemClock()
    pools = {service: Pool(service, urls) for service, urls in sorted(settings.upstreams.items())}
    signing_key = SigningKey.from_json(settings.internal_signing_key.get_secret_value())
    internal = InternalTokens(InternalIssuer(signing_key), clock)
    # Look-ups have connections of their own: slow requests to identity must not lock everyone out.
    lookups = Pool(IDENTITY, settings.upstreams[IDENTITY])
    identity = Identity(lookups, internal)
    cache = SignInCache(settings.replica, time.monotonic)
    tokens = AccessTokens(identity.keys, clock)
    state, metrics, access_log = State(), Metrics(), AccessLog()
    metrics.leased.set_function(lambda: float(cache.leased))
    metrics.keys_age.set_function(lambda: tokens.age)
    metrics.registry.register(Figures({**pools, "identity-lookups": lookups}))
    limits, store = _limits(settings, metrics)
    router = Router(rows)
    tracing = tracing or _tracing(settings, metrics)
    proxy = Proxy(pools, internal)
    public_cache = PublicCache(Collector(pools, internal).fetch, proxy.forward, tracing, monotonic)
    metrics.registry.register(public_cache)

    policies = ClientPolicies(pools[RELEASES], internal)
    client_gate = ClientGate(policies, clock)
    metrics.registry.register(client_gate)
    health = Health(pools, monotonic)
    hears_drops, buses = asyncio.Event(), list[Bus]()
    doorway = Doorway(
        accepting=lambda: not state.draining,
        keys_known=lambda: tokens.ready,
        leased=lambda: cache.leased,
        hears_drops=lambda: hears_drops.is_set() and all(bus.connected for bus in buses),
        policies_heard=lambda: policies.heard,
        counts_shared=lambda: None if store is None else store.up,
        under_way=lambda: metrics.under_way,
        pools=pools,
    )
    status = Status(health, doorway, clock, monotonic, settings.watch_seconds)

    def ready() -> dict[str, bool]:
        return {"identityKeys": tokens.ready, "accepting": not state.draining, "services": health.anyone}

    door = Door(tokens, cache, identity, Guesses(time.monotonic, exempt_loopback=settings.loopback_exempt), clock)
    live = Live(
        door,
        state,
        clock,
        SystemEntropy(),
        metrics.registry,
        [feed for feed in feeds() if feed.stream != POLICY_FEED.stream],
        most=settings.live_streams,
        ring_bytes=settings.live_bytes,
    )
    parts = Parts(
        router=router,
        door=door,
        proxy=proxy,
        cache=public_cache,
        own=Own(
            health,
            status,
            Documents(lambda: router.rows, pools, monotonic, OPERATIONS),
            metrics,
            ready,
            lambda: {"limits": limits.counted_in},
            settings.metrics_token.get_secret_value(),
        ),
        limits=limits,
        origins=settings.origins,
        clock=clock,
        client_gate=client_gate,
        tracing=tracing,
        access_log=access_log,
        metrics=metrics,
        state=state,
        trusted=TrustedProxies(settings.trusted_proxies),
        patience=patience or Patience(),
        served_here={"/v1/live": live.answer, "/v1/home": Home(pools, internal, policies).show},
        secure=settings.public_url.startswith("https://"),
    )
    keeper = LeaseKeeper(identity, cache, time.monotonic)
    reload = Reload(settings.routes_file or SHIPPED, router, parts.served_here, metrics.registry)
    return Built(
        gateway=Gateway(parts),
        state=state,
        cache=cache,
        tokens=tokens,
        keeper=keeper,
        pools=pools,
        lookups=lookups,
        access_log=access_log,
        tracing=tracing,
        public_cache=public_cache,
        reload=reload,
        policies=policies,
        health=health,
        status=status,
        live=live,
        hears_drops=hears_drops,
        buses=buses,
        store=store,
    )


@asynccontextmanager
async def running(built: Built, settings: GatewaySettings) -> AsyncIterator[None]:
    """What runs beside the server: keys, lease, drops over NATS."""
    work = [built.tokens.keep_keys_fresh(), built.keeper.keep(), built.live.keep(), built.reload.keep()]
    if settings.client_policy_seconds:
        work.append(built.policies.keep_fresh(settings.client_policy_seconds))
    if settings.watch_seconds:
        work.append(built.status.keep_watching())
    if built.store is not None:
        work.append(built.store.keep())
    if settings.nats_url:
        work.append(_hear_drops(built, settings))
    tasks = [asyncio.create_task(each) for each in work]
    for task in tasks:
        task.add_done_callback(_tell_of_a_fault)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await built.public_cache.close()
        for pool in (*built.pools.values(), built.lookups):
            pool.close()
        built.access_log.flush()
        await built.tracing.close()


async def serve(settings: GatewaySettings) -> None:
    """Run until a signal ends it."""
    configure_logs("gateway", settings.log_format)
    built = build(settings, rows=read_rows(settings.routes_file) if settings.routes_file else ROWS)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, built.reload.ask)
    server = Server(
        built.gateway,
        built.state,
        settings.host,
        settings.port,
        drain_seconds=settings.drain_seconds,
        grace_seconds=settings.grace_seconds,
        most=settings.max_connections,
        most_per_network=settings.max_connections_per_network,
        exempt=TrustedProxies(settings.trusted_proxies).holds,
    )
    allow_open_files(settings.max_connections)
    _tune_the_interpreter()
    for sig in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sig, server.stop, sig)
    async with running(built, settings):
        await server.serve()


def _tracing(settings: GatewaySettings, metrics: Metrics) -> Tracing:
    if not settings.otlp_endpoint:
        return Tracing()
    spans = Spans(OtlpSender(settings.otlp_endpoint))
    metrics.registry.register(spans)
    return Tracing(spans, settings.trace_share)


def _limits(settings: GatewaySettings, metrics: Metrics) -> "tuple[Limits, ValkeyStore | None]":
    url = settings.limits_url.get_secret_value()
    if not url:
        return Limits(settings.rate_limits, exempt_loopback=settings.loopback_exempt), None
    from gateway.limits.store import StoreMetrics, ValkeyStore  # noqa: PLC0415 - 15 MB that only sharing needs

    store = ValkeyStore(url, patience=settings.limits_patience)
    limits = Limits(settings.rate_limits, exempt_loopback=settings.loopback_exempt, store=store)
    metrics.registry.register(StoreMetrics(limits, store))
    return limits, store


def _tune_the_interpreter() -> None:
    """What lives as long as the process needs no looking at, and requests leave few cycles: collect seldom. The thread
    that sends spans away may not keep requests waiting for long: it takes the interpreter's lock at every system call of
    theirs, and this is how long it keeps it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    sys.setswitchinterval(0.00005)


async def _hear_drops(built: Built, settings: GatewaySettings) -> None:
    password = settings.nats_password.get_secret_value()
    connecting = Bus.connect(
        settings.nats_url,
        user=settings.nats_user,
        password=password,
        inbox=f"_INBOX_{settings.nats_user}",
    )
    async with connecting as bus:
        built.buses.append(bus)
        await bus.answer(DROP_SUBJECT, built.cache.on_notice)
        built.hears_drops.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(built.live.follow(bus))
            group.create_task(bus.follow(POLICY_FEED, datetime.now(UTC), built.policies))


def _tell_of_a_fault(task: asyncio.Task[None]) -> None:
    """None of this work may end by itself; without it the gateway stays safe but slow, so someone must know."""
    if not task.cancelled() and task.exception() is not None:
        log.error("work beside the server has ended", exc_info=task.exception())
