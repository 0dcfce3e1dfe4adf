"""The composition root: settings → the door, the proxy, the server. Nothing else chooses real things."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from common.bus import Bus
from common.clock import Clock, SystemClock
from common.principal import InternalIssuer
from common.session_feed import SignInCache
from common.telemetry import configure_logs, configure_tracing, logger, tracer
from common.tokens import SigningKey
from common.topology import DROP_SUBJECT
from gateway.access_log import AccessLog
from gateway.app import Gateway, Parts, State
from gateway.auth import AccessTokens, Door, Identity, InternalTokens, LeaseKeeper
from gateway.documents import Documents
from gateway.exchange import Patience
from gateway.limits import Limits, TrustedProxies
from gateway.metrics import Metrics
from gateway.own import Own
from gateway.proxy import Proxy
from gateway.routes import IDENTITY, ROWS
from gateway.routing import Router, Row
from gateway.server import server_for
from gateway.settings import GatewaySettings
from gateway.tracing import Tracing
from gateway.upstream import Pool

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
    hears_drops: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once drops come over NATS; until then they come with the renewals of the lease."""


def build(
    settings: GatewaySettings,
    *,
    clock: Clock | None = None,
    rows: tuple[Row, ...] = ROWS,
    patience: Patience | None = None,
    tracing: Tracing | None = None,
) -> Built:
    """Put the parts together; nothing runs yet. Tests choose another clock, table, patience or tracer."""
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
    router = Router(rows)

    def ready() -> dict[str, bool]:
        return {"identityKeys": tokens.ready, "accepting": not state.draining}

    parts = Parts(
        router=router,
        door=Door(tokens, cache, identity),
        proxy=Proxy(pools, internal),
        own=Own(
            pools,
            Documents(router.rows, pools, time.monotonic),
            metrics,
            ready,
            settings.metrics_token.get_secret_value(),
        ),
        limits=Limits(settings.rate_limits, exempt_loopback=settings.loopback_exempt),
        tracing=tracing or Tracing(tracer() if settings.otlp_endpoint else None),
        access_log=access_log,
        metrics=metrics,
        state=state,
        trusted=TrustedProxies(settings.trusted_proxies),
        patience=patience or Patience(),
        served_here={},
        secure=settings.public_url.startswith("https://"),
    )
    keeper = LeaseKeeper(identity, cache, time.monotonic)
    return Built(Gateway(parts), state, cache, tokens, keeper, pools, lookups, access_log)


@asynccontextmanager
async def running(built: Built, settings: GatewaySettings) -> AsyncIterator[None]:
    """What runs beside the server: keys, lease, drops over NATS."""
    work = [built.tokens.keep_keys_fresh(), built.keeper.keep()]
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
        for pool in (*built.pools.values(), built.lookups):
            pool.close()
        built.access_log.flush()


async def serve(settings: GatewaySettings) -> None:
    """Run until a signal ends it."""
    configure_logs("gateway", settings.log_format)
    configure_tracing("gateway", settings.otlp_endpoint)
    built = build(settings)
    server = server_for(
        built.gateway,
        built.state,
        settings.host,
        settings.port,
        drain_seconds=settings.drain_seconds,
        grace_seconds=settings.grace_seconds,
    )
    async with running(built, settings):
        await server.serve()


async def _hear_drops(built: Built, settings: GatewaySettings) -> None:
    password = settings.nats_password.get_secret_value()
    connecting = Bus.connect(
        settings.nats_url,
        user=settings.nats_user,
        password=password,
        inbox=f"_INBOX_{settings.nats_user}",
    )
    async with connecting as bus:
        await bus.answer(DROP_SUBJECT, built.cache.on_notice)
        built.hears_drops.set()
        await asyncio.Event().wait()


def _tell_of_a_fault(task: asyncio.Task[None]) -> None:
    """None of this work may end by itself; without it the gateway stays safe but slow, so someone must know."""
    if not task.cancelled() and task.exception() is not None:
        log.error("work beside the server has ended", exc_info=task.exception())
