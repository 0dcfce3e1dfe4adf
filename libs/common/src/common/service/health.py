"""`/healthz` (the loop turns), `/readyz` (each dependency named) and `/metrics`.

A service without its broker is degraded, not unready: what it does is kept in the outbox until the broker is back, and
taking it out of service would lose sales for nothing.
"""

import asyncio
import hmac
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from common import inbox_store, outbox
from common.bus import BrokerAway
from common.refusals import Unauthenticated
from common.schemas import View
from common.service.definition import Runtime
from common.topology import consumers

OUTBOX_ALARM_SECONDS = 30
_DATABASE_SECONDS = 0.8
"""Whoever asks waits a second at most: a database that hangs is told as away before that."""
_BROKER_SECONDS = 0.5


class Dependency(View):
    """One thing a service needs."""

    status: Literal["ok", "late", "away"]
    detail: str | None = None


class Readiness(View):
    """Whether a service can do its work, and what of its surroundings is missing."""

    service: str
    status: Literal["ready", "degraded", "unready"]
    dependencies: dict[str, Dependency]
    outbox_oldest_unsent_seconds: float | None = None
    outbox_set_aside: int | None = None
    dead_letters: int | None = None
    consumer_lag: dict[str, int] | None = None
    """Messages that wait for each of its consumers; None while the broker does not tell."""
    drift: list[str] = []


class Health:
    """Watches one service."""

    def __init__(self, name: str, runtime: Runtime[Any], registry: CollectorRegistry) -> None:
        self._name = name
        self._runtime = runtime
        self._registry = registry
        self.stopping = False
        self.drift: list[str] = []
        self._age = Gauge("lanyard_outbox_oldest_unsent_seconds", "Age of the oldest unsent row", registry=registry)
        self._aside = Gauge("lanyard_outbox_set_aside", "Rows the broker keeps refusing", registry=registry)
        self._dead = Gauge("lanyard_dead_letters", "Dead letters that wait for a person", registry=registry)
        self._lag = Gauge("lanyard_consumer_lag", "Messages waiting", ["consumer"], registry=registry)

    async def readiness(self) -> Readiness:
        """Ask every dependency, side by side and not for long."""
        lag = asyncio.create_task(self._consumer_lag())
        dependencies: dict[str, Dependency] = {}
        figures: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_DATABASE_SECONDS):
                figures = await self._database_figures()
            dependencies["database"] = Dependency(status="ok")
            age = figures["outbox_oldest_unsent_seconds"]
            late = age is not None and age > OUTBOX_ALARM_SECONDS
            dependencies["outbox"] = Dependency(status="late" if late else "ok", detail=f"{age:.1f} s" if age else None)
        except (SQLAlchemyError, OSError) as error:
            dependencies["database"] = Dependency(status="away", detail=type(error).__name__)
            dependencies["outbox"] = Dependency(status="away")
        figures["consumer_lag"] = await lag
        connected = self._runtime.bus is not None and self._runtime.bus.connected
        dependencies["nats"] = Dependency(status="ok" if connected else "away")
        status: Literal["ready", "degraded", "unready"] = "ready"
        if any(dependency.status != "ok" for dependency in dependencies.values()):
            status = "degraded"
        if dependencies["database"].status == "away" or self.stopping:
            status = "unready"
        return Readiness(service=self._name, status=status, dependencies=dependencies, drift=self.drift, **figures)

    async def measure(self) -> bytes:
        """The metrics page."""
        readiness = await self.readiness()
        self._age.set(readiness.outbox_oldest_unsent_seconds or 0)
        self._aside.set(readiness.outbox_set_aside or 0)
        self._dead.set(readiness.dead_letters or 0)
        for consumer, waiting in (readiness.consumer_lag or {}).items():
            self._lag.labels(consumer).set(waiting)
        return generate_latest(self._registry)

    async def _consumer_lag(self) -> dict[str, int] | None:
        bus = self._runtime.bus
        if bus is None or not bus.connected:
            return None
        heard = consumers(self._name)
        try:
            async with asyncio.timeout(_BROKER_SECONDS):
                waiting = await asyncio.gather(*(bus.lag(consumer) for consumer in heard))
        except (BrokerAway, TimeoutError):
            return None
        return {consumer.name: count for consumer, count in zip(heard, waiting, strict=True)}

    async def _database_figures(self) -> dict[str, Any]:
        database = self._runtime.database
        async with database.transaction() as transaction:
            connection = transaction.connection
            connection.post(text("SET LOCAL statement_timeout = '2s'"))
            oldest = await outbox.oldest_unsent(connection)
            now = self._runtime.clock.now()
            return {
                "outbox_oldest_unsent_seconds": (now - oldest).total_seconds() if oldest else None,
                "outbox_set_aside": await outbox.count_set_aside(connection),
                "dead_letters": await inbox_store.count_dead(connection),
            }


def health_router(health: Health, metrics_token: SecretStr) -> APIRouter:
    """The three routes. They never pass the gateway."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/readyz")
    async def readyz(response: Response) -> Readiness:
        readiness = await health.readiness()
        response.status_code = 503 if readiness.status == "unready" else 200
        return readiness

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        expected = metrics_token.get_secret_value()
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if expected and not hmac.compare_digest(given.encode(), expected.encode()):
            raise Unauthenticated()
        return Response(await health.measure(), media_type=CONTENT_TYPE_LATEST)

    return router
