"""What a service says of itself: every figure from the real thing, and never late."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg

from common.ids import EventId
from common.messages import EventUpdated
from common.samples import sample
from common.testing import Running, RunService
from common.testing.principals import fresh
from common.testing.servers import DatabaseUrls, NatsServer
from common.testing.waiting import eventually


async def told(world: Running) -> dict[str, Any]:
    body: dict[str, Any] = (await world.client.get("/readyz")).json()
    return body


OTHERS = {"commerce-from-identity": 0, "commerce-from-wallet": 0}


async def test_what_waits_for_each_consumer_is_counted_message_by_message(run_commerce: RunService) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def wait(tx: Any, message: EventUpdated) -> None:
        begun.set()
        await gate.wait()

    async with run_commerce(handlers={EventUpdated: wait}) as world:
        idle = await told(world)
        assert idle["consumerLag"] == {**OTHERS, "commerce-from-events": 0}
        for _ in range(3):
            await world.send(updated())
        await begun.wait()
        try:
            assert (await told(world))["consumerLag"] == {**OTHERS, "commerce-from-events": 3}
            text = (await world.client.get("/metrics")).text
            assert 'lanyard_consumer_lag{consumer="commerce-from-events"} 3.0' in text
        finally:
            gate.set()

        async def worked_off() -> bool:
            return bool((await told(world))["consumerLag"] == {**OTHERS, "commerce-from-events": 0})

        await eventually(worked_off, what="the messages being worked off")


async def test_without_a_broker_nobody_knows_what_waits(run_commerce: RunService, broker: NatsServer) -> None:
    async with run_commerce(broker=broker) as world:
        await asyncio.to_thread(broker.kill)

        async def away() -> bool:
            return bool((await told(world))["dependencies"]["nats"]["status"] == "away")

        await eventually(away, what="the broker being missed")
        readiness = await told(world)
        assert (readiness["status"], readiness["consumerLag"]) == ("degraded", None)


@asynccontextmanager
async def wire_to(broker: NatsServer) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """An address that leads to the broker; once the event is cleared, nothing more comes back from there."""
    carries = asyncio.Event()
    carries.set()
    writers: list[asyncio.StreamWriter] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while data := await reader.read(65536):
            await carries.wait()
            writer.write(data)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", urlsplit(broker.url).port)
        await asyncio.gather(carry(reader, back), carry(there, writer), return_exceptions=True)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}", carries
    finally:
        carries.set()
        server.close()
        for writer in writers:
            writer.transport.abort()


async def test_a_broker_that_hangs_makes_no_answer_late(run_commerce: RunService, broker: NatsServer) -> None:
    async with wire_to(broker) as (url, carries), run_commerce(broker=broker, settings={"nats_url": url}) as world:

        async def connected() -> bool:
            return bool((await told(world))["consumerLag"] is not None)

        await eventually(connected, what="the broker being reached")
        carries.clear()
        asked_at = time.monotonic()
        readiness = await told(world)
        assert time.monotonic() - asked_at < 1.5
        assert readiness["dependencies"] == {
            name: {"status": "ok", "detail": None} for name in ("database", "outbox", "nats")
        }
        assert readiness["consumerLag"] is None
        carries.set()


async def test_a_database_that_hangs_is_told_as_away_within_a_second(
    run_commerce: RunService, urls: DatabaseUrls
) -> None:
    async with run_commerce() as world:
        async with await psycopg.AsyncConnection.connect(urls.owner.replace("+psycopg", "")) as holder:
            await holder.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
            asked_at = time.monotonic()
            answer = await world.client.get("/readyz")
            assert time.monotonic() - asked_at < 1.5
            assert (answer.status_code, answer.json()["status"]) == (503, "unready")
            assert answer.json()["dependencies"]["database"] == {"status": "away", "detail": "TimeoutError"}

        async def back() -> bool:
            return (await world.client.get("/readyz")).status_code == 200

        await eventually(back, what="readiness")


def updated() -> EventUpdated:
    return EventUpdated.parse(sample(EventUpdated)).model_copy(update={"event_id": EventId(fresh(EventId))})


async def test_a_service_that_leaves_says_so_with_every_answer(run_commerce: RunService) -> None:
    """The gateway then asks another replica, before the door closes on it."""
    async with run_commerce() as world:
        assert "connection" not in (await world.client.get("/healthz")).headers
        world.app.state.health.stopping = True
        for path in ("/healthz", "/readyz", "/none"):
            assert (await world.client.get(path)).headers["connection"] == "close"
