"""A service that is told to end finishes what it began, says what it has to say, and goes with exit code 0."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from common.bus import Letter
from common.ids import EventId, OrganizationId
from common.messages import EventUpdated
from common.principal import ANONYMOUS, InternalIssuer
from common.testing import eventually
from common.testing.brokers import connected
from common.testing.principals import fresh
from common.testing.running import GATEWAY_KEY
from common.testing.servers import PASSWORD, DatabaseUrls, NatsServer

GRACE = 20


@pytest.fixture
def gated(urls: DatabaseUrls) -> DatabaseUrls:
    with psycopg.connect(urls.owner.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE gate (open bool)")
    return urls


@dataclass
class Serving:
    """A real process of a service."""

    process: Process
    url: str
    urls: DatabaseUrls
    broker: NatsServer

    async def says(self, word: str) -> None:
        assert self.process.stdout is not None
        async with asyncio.timeout(10):
            while (line := await self.process.stdout.readline()).strip() != word.encode():
                assert line, "the process ended"

    async def ended(self) -> int:
        """Its exit code; what it prints meanwhile is read, or it would wait for us."""
        async with asyncio.timeout(GRACE):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.urls.superuser, autocommit=True) as superuser:
            return superuser.execute(statement).fetchall()

    def open_gate(self) -> None:
        self.sql("INSERT INTO gate VALUES (true) RETURNING 1")

    async def send(self, message: EventUpdated) -> None:
        async with connected(self.broker.url, "events") as events:
            letter = Letter(
                message_id="00000000-0000-7000-8000-000000000001",
                source="/lanyard/events",
                subject=message.subject,
                type=message.type(),
                aggregate_id=message.aggregate_id,
                sequence=1,
                time="2026-11-20T18:00:00+00:00",
                body=message.body(),
                traceparent=None,
            )
            await events.publish(letter)

    async def ask(self, client: httpx.AsyncClient) -> httpx.Response:
        """What takes until the gate opens."""
        token = InternalIssuer(GATEWAY_KEY).mint(ANONYMOUS, "commerce", datetime.now(UTC))
        return await client.get(f"{self.url}/slow", headers={"Authorization": f"Bearer {token}"}, timeout=GRACE)

    async def ready(self) -> int:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"{self.url}/readyz")).status_code
            except httpx.TransportError:
                return 0


@asynccontextmanager
async def serving(urls: DatabaseUrls, broker: NatsServer, **settings: str) -> AsyncIterator[Serving]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "LANYARD_PORT": str(port),
        "LANYARD_DATABASE_URL": urls.app,
        "LANYARD_NATS_URL": broker.url,
        "LANYARD_NATS_USER": "commerce",
        "LANYARD_NATS_PASSWORD": PASSWORD,
        "LANYARD_INTERNAL_KEYS": GATEWAY_KEY.public_jwks(),
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lasting", "serve", stdout=PIPE, cwd=Path(__file__).parent, env=environment
    )
    world = Serving(process, f"http://127.0.0.1:{port}", urls, broker)
    try:

        async def answers() -> bool:
            return await world.ready() == 200

        await eventually(answers, within=20, what="the process serving")
        yield world
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


def changed() -> EventUpdated:
    fields = {
        "sequence": 1,
        "eventId": fresh(EventId),
        "organizationId": fresh(OrganizationId),
        "workspaceId": None,
        "name": "Lagos Night",
        "slug": "lagos-night",
        "description": None,
        "status": "published",
        "startsAt": "2026-12-01T19:00:00+00:00",
        "endsAt": "2026-12-01T23:00:00+00:00",
        "timezone": "Africa/Lagos",
        "venue": None,
        "currency": None,
    }
    return EventUpdated.model_validate(fields)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_a_message_under_way_is_finished_and_what_it_says_is_sent(
    gated: DatabaseUrls, broker: NatsServer, sign: signal.Signals
) -> None:
    async with serving(gated, broker) as world:
        await world.send(changed())
        await world.says("message")
        world.process.send_signal(sign)

        async def refused() -> bool:
            return await world.ready() == 0

        await eventually(refused)
        world.open_gate()
        assert await world.ended() == 0
        assert world.sql("SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL") == [(1,)]
        assert world.sql("SELECT count(*), count(sent_at) FROM outbox") == [(1, 1)]
    async with connected(broker.url, "provisioner") as bus:
        info = await bus._jetstream.consumer_info("EVENTS", "commerce-from-events")
        assert info.num_ack_pending == 0, "the broker has its answer"


async def test_a_request_under_way_is_answered(gated: DatabaseUrls, broker: NatsServer) -> None:
    async with serving(gated, broker) as world, httpx.AsyncClient() as client:
        asking = asyncio.create_task(world.ask(client))
        await world.says("request")
        world.process.terminate()

        async def refused() -> bool:
            return await world.ready() == 0

        await eventually(refused)
        world.open_gate()
        answer = await asking
        assert (answer.status_code, answer.json()) == (200, {"answer": "whole"})
        assert await world.ended() == 0


async def test_readiness_goes_first_and_requests_are_answered_until_balancers_noticed(
    gated: DatabaseUrls, broker: NatsServer
) -> None:
    async with serving(gated, broker, LANYARD_DRAIN_SECONDS="1.5") as world:
        world.open_gate()
        world.process.terminate()

        async def unready() -> bool:
            return await world.ready() == 503

        await eventually(unready, within=1)
        async with httpx.AsyncClient() as client:
            answer = await world.ask(client)
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert await world.ended() == 0


async def test_a_second_signal_ends_it_at_once(gated: DatabaseUrls, broker: NatsServer) -> None:
    async with serving(gated, broker) as world:
        await world.send(changed())
        await world.says("message")
        world.process.terminate()

        async def refused() -> bool:
            return await world.ready() == 0

        await eventually(refused)
        started = time.monotonic()
        world.process.terminate()
        assert await world.ended() == 1
        assert time.monotonic() - started < 2
        assert world.sql("SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL") == [(0,)]


async def test_work_that_never_ends_is_left_within_the_grace_time(gated: DatabaseUrls, broker: NatsServer) -> None:
    async with serving(gated, broker) as world:
        await world.send(changed())
        await world.says("message")
        started = time.monotonic()
        world.process.terminate()
        assert await world.ended() == 0
        assert 9 < time.monotonic() - started < 15
        assert world.sql("SELECT count(*) FROM inbox WHERE handled_at IS NOT NULL") == [(0,)]
        assert world.sql("SELECT count(*) FROM outbox") == [(0,)]
