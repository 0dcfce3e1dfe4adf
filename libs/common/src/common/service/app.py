"""Puts a service together: its routes, and around them what all services have."""

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from common import idempotency, inbox_store, outbox, problems
from common.bus import BrokerAway, Bus
from common.clock import Clock, Entropy, SystemClock, SystemEntropy
from common.db import Database
from common.idempotency import StoredAnswer
from common.inbox import Inbox
from common.jobs import Job, Jobs
from common.principal import Authenticator
from common.refusals import Unauthenticated
from common.relay import Relay
from common.service.deadline import Deadline
from common.service.definition import Parts, Runtime, Service
from common.service.described import Application
from common.service.health import Health, health_router
from common.service.observed import Observed
from common.service.parting import Parting
from common.service.requests import current_principal
from common.service.settings import ServiceSettings
from common.telemetry import logger
from common.tokens import VerifyingKeys
from common.topology import consumers

log = logger("service")

_LAST_SWEEP_SECONDS = 3
_ENDING_SECONDS = 11
"""A moment more than `common.inbox` grants to actions under way."""

Settings = TypeVar("Settings", bound=ServiceSettings)


def create_app(
    service: Service[Settings],
    settings: Settings,
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    retry_after: tuple[float, ...] | None = None,
) -> FastAPI:
    """The ASGI application of a service. Nothing connects before its lifespan starts.

    Args:
        clock, entropy: the system's by default; tests bring their own.
        retry_after: seconds between attempts at a failing message, where a test cannot wait for the usual ones.
    """
    runtime = _runtime(service, settings, clock or SystemClock(), entropy or SystemEntropy())
    parts = service.build(runtime)
    health = Health(service.name, runtime, runtime.registry)
    jobs = Jobs(runtime.database, [*parts.jobs, _housekeeping(runtime.database)])
    inbox_options = {} if retry_after is None else {"retry_after": retry_after}
    inbox = Inbox(service.name, runtime.database, parts.handlers, **inbox_options)
    app = Application(
        title=f"Lanyard {service.name}",
        version="1",
        lifespan=lambda _: _lifespan(service.name, runtime, parts, health, jobs, inbox),
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        # Its spans would carry whole paths, and some paths carry secrets: `Observed` names the route's template instead.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.runtime = runtime
    app.state.database = runtime.database
    app.state.clock = runtime.clock
    app.state.authenticator = Authenticator(VerifyingKeys(settings.internal_keys), service.name)
    app.state.inbox = inbox
    app.state.jobs = jobs
    app.state.health = health
    app.state.parts = parts
    for name, value in parts.state.items():
        setattr(app.state, name, value)
    problems.install(app)
    app.add_exception_handler(StoredAnswer, _hand_out_again)
    app.include_router(health_router(health, settings.metrics_token))
    app.include_router(_cron_router(service.name, jobs, settings))
    for router in parts.routers:
        app.include_router(router, dependencies=[Depends(current_principal)])  # whoever passes the gateway has a token
    app.add_middleware(Deadline)
    app.add_middleware(Observed, registry=runtime.registry)
    app.add_middleware(Parting, stopping=lambda: health.stopping)
    for one in parts.around:
        app.add_middleware(one)
    return app


def _runtime(service: Service[Settings], settings: Settings, clock: Clock, entropy: Entropy) -> Runtime[Settings]:
    database = Database(
        settings.database_url,
        publisher=service.name,
        clock=clock,
        entropy=entropy,
        pool_size=settings.database_pool_size,
    )
    return Runtime(settings, database, clock, entropy)


@asynccontextmanager
async def _lifespan(
    name: str, runtime: Runtime[Any], parts: Parts, health: Health, jobs: Jobs, inbox: Inbox
) -> AsyncIterator[None]:
    """Start everything; on the way out stop hearing, finish what runs, flush the relay, leave the broker, close the pool."""
    settings = runtime.settings
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(runtime.database.close)
        if parts.lifespan is not None:
            await stack.enter_async_context(parts.lifespan())
        password = settings.nats_password.get_secret_value()
        runtime.bus = await stack.enter_async_context(
            Bus.connect(settings.nats_url, user=settings.nats_user, password=password)
        )
        await stack.enter_async_context(_relaying(Relay(runtime.database, runtime.bus)))
        await stack.enter_async_context(_running(jobs.run()))
        await stack.enter_async_context(_running(_report_drift(name, runtime.bus, health)))
        if settings.consumers == "on":
            await stack.enter_async_context(_running(inbox.run(runtime.bus)))
        yield
        health.stopping = True


@asynccontextmanager
async def _relaying(relay: Relay) -> AsyncIterator[None]:
    async with _running(relay.run()) as task:
        try:
            yield
        finally:
            relay.stop()
            await asyncio.wait({task}, timeout=_LAST_SWEEP_SECONDS)


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        # The broker's library swallows a cancellation at times: the process must end nevertheless.
        await asyncio.wait({task}, timeout=_ENDING_SECONDS)
        if task.done() and not task.cancelled() and task.exception() is not None:
            log.error("something that runs beside the routes had ended", exc_info=task.exception())


async def _report_drift(name: str, bus: Bus, health: Health) -> None:
    while True:
        try:
            health.drift = await bus.drift(consumers(name))
        except BrokerAway:
            await asyncio.sleep(1)
            continue
        for line in health.drift:
            log.error(
                "ALARM: the broker differs from the declared topology; run python -m common.provision", drift=line
            )
        return


def _housekeeping(database: Database) -> Job:
    async def forget() -> object:
        async with database.transaction() as transaction:
            sent = await outbox.forget_sent(transaction.connection, transaction.now)
            old = await inbox_store.forget_old(transaction.connection, transaction.now)
            keys = await idempotency.forget_old(transaction.connection, transaction.now)
        return {"outbox": sent, "inbox": old, "idempotency": keys} if sent or old or keys else None

    return Job("housekeeping", timedelta(minutes=10), forget)


_CRON_SECRET = {"name": "X-Cron-Secret", "in": "header", "required": True, "schema": {"type": "string"}}


def _cron_router(name: str, jobs: Jobs, settings: ServiceSettings) -> APIRouter:
    router = APIRouter()

    @router.post(f"/v1/cron/{name}.{{job}}", status_code=202, openapi_extra={"parameters": [_CRON_SECRET]})
    async def run_job(job: str, request: Request) -> dict[str, bool]:
        """Run one job now, at most once at a time; `ran` is false when it was running already."""
        expected = settings.cron_secret.get_secret_value().encode()
        given = request.headers.get("x-cron-secret", "").encode()
        if not expected or not hmac.compare_digest(given, expected):
            raise Unauthenticated()
        return {"ran": await jobs.run_once(job)}

    return router


async def _hand_out_again(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoredAnswer)
    return error.response
