"""A service run in-process with its real database and broker: in through HTTP or a message, out through HTTP, messages, rows."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import select, text

from common.bus import Bus, Letter
from common.clock import Clock, SystemClock
from common.db import Database
from common.house_tables import inbox, outbox
from common.messages import Message
from common.principal import ANONYMOUS, InternalIssuer, Principal
from common.service import Service, create_app
from common.testing.brokers import PASSWORD, NatsServer, connected, provision_broker
from common.testing.servers import DatabaseUrls, Servers
from common.testing.waiting import eventually
from common.tokens import SigningKey

__all__ = ["GATEWAY_KEY", "RunService", "Running", "provision_broker", "running"]

Spoken = TypeVar("Spoken", bound=Message)

GATEWAY_KEY = SigningKey.generate()


@dataclass
class Running:
    """A service under test."""

    service: Service[Any]
    app: FastAPI
    client: httpx.AsyncClient
    database: Database
    urls: DatabaseUrls
    broker: NatsServer
    clock: Clock
    bus: Bus
    _publishers: dict[str, Bus] = field(default_factory=dict)
    _stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    def token(self, principal: Principal) -> str:
        """The internal token the gateway would send for `principal`."""
        return InternalIssuer(GATEWAY_KEY).mint(principal, self.service.name, self.clock.now())

    async def call(
        self, method: str, path: str, by: Principal = ANONYMOUS, *, key: str | None = None, **options: Any
    ) -> httpx.Response:
        """One request as `by`; `key` is its Idempotency-Key, `options` are httpx's (json, content, params, headers, files)."""
        headers = {"Authorization": f"Bearer {self.token(by)}", **options.pop("headers", {})}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, by: Principal = ANONYMOUS, **options: Any) -> httpx.Response:
        """GET as `by`."""
        return await self.call("GET", path, by, **options)

    async def post(self, path: str, by: Principal = ANONYMOUS, **options: Any) -> httpx.Response:
        """POST as `by`."""
        return await self.call("POST", path, by, **options)

    async def patch(self, path: str, by: Principal = ANONYMOUS, **options: Any) -> httpx.Response:
        """PATCH as `by`."""
        return await self.call("PATCH", path, by, **options)

    async def delete(self, path: str, by: Principal = ANONYMOUS, **options: Any) -> httpx.Response:
        """DELETE as `by`."""
        return await self.call("DELETE", path, by, **options)

    async def send(self, message: Message, *, message_id: str | None = None, body: str | None = None) -> str:
        """Publish `message` as its publisher would, over the real broker; returns its id. `body` replaces the JSON."""
        identity = message_id or str(uuid4())
        publisher = await self._publisher(message.publisher)
        letter = Letter(
            message_id=identity,
            source=f"/lanyard/{message.publisher}",
            subject=message.subject,
            type=message.type(),
            aggregate_id=message.aggregate_id,
            sequence=message.sequence,
            time=self.clock.now().isoformat(),
            body=message.body() if body is None else body,
            traceparent=None,
        )
        await publisher.publish(letter)
        return identity

    async def hear(self, *messages: Message) -> None:
        """Send messages one after the other, each only after the service has worked off the one before."""
        for message in messages:
            await self.handled(await self.send(message))

    async def handled(self, message_id: str, within: float = 10.0) -> None:
        """Wait until the service has worked off a message."""

        async def done() -> bool:
            async with self.database.transaction() as transaction:
                query = select(inbox.c.message_id).where(
                    inbox.c.message_id == message_id, inbox.c.handled_at.is_not(None)
                )
                return await transaction.one(query) is not None

        await eventually(done, within=within, what=f"message {message_id} being handled")

    async def said(self, kind: type[Spoken]) -> list[Spoken]:
        """Every message of a kind that the service has put in its outbox, oldest first."""
        async with self.database.transaction() as transaction:
            query = select(outbox.c.body).where(outbox.c.type == kind.type()).order_by(outbox.c.position)
            return [kind.parse(row.body) for row in await transaction.all(query)]

    async def rows(self, statement: str, **values: object) -> Sequence[Mapping[str, Any]]:
        """The rows of a query, as dictionaries."""
        async with self.database.transaction() as transaction:
            return [dict(row._mapping) for row in await transaction.execute(text(statement), values)]

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        return int((await self.rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"])

    async def locks_awaited(self, count: int = 1) -> None:
        """Wait until so many statements, or more, wait for a lock of this service's database."""
        query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

        async def enough() -> bool:
            return len(await self.rows(query)) >= count

        await eventually(enough, what=f"{count} statements waiting for a lock")

    async def _publisher(self, name: str) -> Bus:
        if name not in self._publishers:
            connecting = connected(self.broker.url, name, inbox=f"_INBOX_{name}.test")
            self._publishers[name] = await self._stack.enter_async_context(connecting)
        return self._publishers[name]


class RunService(Protocol):
    """The fixture `run` of a member's tests: runs its service, with `running`'s options."""

    def __call__(self, **options: Any) -> AbstractAsyncContextManager[Running]: ...


@asynccontextmanager
async def running(
    service: Service[Any],
    servers: Servers,
    *,
    clock: Clock | None = None,
    settings: Mapping[str, Any] | None = None,
    broker: NatsServer | None = None,
    urls: DatabaseUrls | None = None,
    retry_after: tuple[float, ...] = (0.05,),
) -> AsyncIterator[Running]:
    """Run `service` with a database and a broker of its own; `settings` are its own further settings.

    Hand in `broker` or `urls` to share them with another service under test, or to outlive a crash.
    """
    clock = clock or SystemClock()
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    async with _servers_of_its_own(service.name, servers, broker, urls) as (own_broker, own_urls):
        values = {
            "database_url": own_urls.app,
            "nats_url": own_broker.url,
            "nats_user": service.name,
            "nats_password": PASSWORD,
            "internal_keys": GATEWAY_KEY.public_jwks(),
            "cron_secret": "cron-secret",
            **(settings or {}),
        }
        app = create_app(service, service.settings(**values), clock=clock, retry_after=retry_after)
        async with app.router.lifespan_context(app):
            bus, database = app.state.runtime.bus, app.state.database
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                world = Running(service, app, client, database, own_urls, own_broker, clock, bus)
                async with world._stack:
                    yield world


@asynccontextmanager
async def _servers_of_its_own(
    service: str, servers: Servers, broker: NatsServer | None, urls: DatabaseUrls | None
) -> AsyncIterator[tuple[NatsServer, DatabaseUrls]]:
    """What was not handed in is made, both side by side, and removed in the end."""

    async def a_broker() -> NatsServer:
        return await asyncio.to_thread(servers.brokers.provisioned) if broker is None else broker

    async def a_database() -> DatabaseUrls:
        return await asyncio.to_thread(servers.database, service) if urls is None else urls

    own_broker, own_urls = await asyncio.gather(a_broker(), a_database())
    try:
        yield own_broker, own_urls
    finally:
        if broker is None:
            await asyncio.to_thread(servers.brokers.discard, own_broker)
        if urls is None:
            await asyncio.to_thread(servers.drop, own_urls)
