"""One relay leads, whatever becomes of its connections; nothing ends it, and what it stops for it leaves in order."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from common.bus import Bus
from common.clock import SystemClock, SystemEntropy
from common.db import Database
from common.ids import EventId, TicketTierId
from common.messages import TicketTierAvailabilityChanged
from common.relay import Relay
from common.testing import RunService, eventually
from common.testing.brokers import connected
from common.testing.principals import fresh
from common.testing.servers import DatabaseUrls, NatsServer

TIER = fresh(TicketTierId)
EVENT = fresh(EventId)


def availability(sequence: int = 1) -> TicketTierAvailabilityChanged:
    return TicketTierAvailabilityChanged(sequence=sequence, ticket_tier_id=TIER, event_id=EVENT, availability="few")


@asynccontextmanager
async def opened(urls: DatabaseUrls, *, connections: int = 5) -> AsyncIterator[Database]:
    database = Database(
        urls.app,
        publisher="commerce",
        clock=SystemClock(),
        entropy=SystemEntropy(),
        pool_size=connections,
        max_overflow=0,
    )
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def on_the_bus(broker: NatsServer) -> AsyncIterator[Bus]:
    async with connected(broker.url, "commerce") as bus:
        yield bus


@asynccontextmanager
async def at_work(relay: Relay) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(relay.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


async def say(database: Database, count: int = 1) -> None:
    async with database.transaction() as tx:
        for sequence in range(1, count + 1):
            tx.publish(availability(sequence))


def ask(urls: DatabaseUrls, query: str) -> int:
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        row = superuser.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def unsent(urls: DatabaseUrls) -> int:
    return ask(urls, "SELECT count(*) FROM outbox WHERE sent_at IS NULL")


def locks(urls: DatabaseUrls) -> int:
    return ask(
        urls,
        "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database"
        " WHERE locktype = 'advisory' AND granted AND datname = current_database()",
    )


async def all_sent(urls: DatabaseUrls) -> bool:
    return await asyncio.to_thread(unsent, urls) == 0


async def leads(relay: Relay) -> bool:
    return relay.leading


async def test_a_pool_without_a_free_connection_does_not_end_the_relay(urls: DatabaseUrls, broker: NatsServer) -> None:
    async with opened(urls, connections=1) as database, on_the_bus(broker) as bus:
        await say(database)
        database.pool.timeout = 0.05  # five seconds otherwise
        async with database.connection(), at_work(Relay(database, bus)) as relaying:
            await asyncio.wait({relaying}, timeout=0.5)
            assert not relaying.done()
    async with opened(urls, connections=1) as database, on_the_bus(broker) as bus, at_work(Relay(database, bus)):
        await eventually(lambda: all_sent(urls))


async def test_a_leader_that_loses_its_connection_leads_again(urls: DatabaseUrls, broker: NatsServer) -> None:
    async with opened(urls) as database, on_the_bus(broker) as bus:
        relay = Relay(database, bus)
        async with at_work(relay):
            await eventually(lambda: leads(relay))
            assert locks(urls) == 1
            ask(
                urls,
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE usename = 'commerce' AND datname = current_database()",
            )
            await say(database)
            await eventually(lambda: all_sent(urls), within=5)
            assert locks(urls) == 1


async def test_a_relay_cancelled_at_any_moment_leaves_no_lock_behind(urls: DatabaseUrls, broker: NatsServer) -> None:
    async with opened(urls) as database, on_the_bus(broker) as bus:
        for moment in range(25):
            await say(database, 20)
            task = asyncio.create_task(Relay(database, bus).run())
            await asyncio.wait({task}, timeout=moment / 500)
            task.cancel()
            await asyncio.wait({task})
            assert await eventually(lambda: asyncio.to_thread(lambda: not locks(urls)), within=2)


async def test_what_was_said_last_is_sent_before_the_service_ends(
    run_commerce: RunService, urls: DatabaseUrls, broker: NatsServer
) -> None:
    async with run_commerce(broker=broker) as world:
        await say(world.database, 2000)
    assert unsent(urls) == 0
    assert locks(urls) == 0


async def test_a_broker_that_is_away_does_not_hold_up_the_end(
    run_commerce: RunService, urls: DatabaseUrls, broker: NatsServer
) -> None:
    async with run_commerce(broker=broker) as world:
        await asyncio.to_thread(broker.kill)
        await say(world.database, 3)
        ending = time.monotonic()
    assert time.monotonic() - ending < 5
    assert unsent(urls) == 3
    assert locks(urls) == 0


async def test_a_relay_that_was_told_to_stop_while_another_leads_stops(urls: DatabaseUrls, broker: NatsServer) -> None:
    async with opened(urls) as database, on_the_bus(broker) as bus:
        first, second = Relay(database, bus), Relay(database, bus)
        async with at_work(first):
            await eventually(lambda: leads(first))
            async with at_work(second) as waiting:
                await asyncio.wait({waiting}, timeout=0.1)
                second.stop()
                await asyncio.wait_for(waiting, 3)
            assert first.leading


async def test_a_row_whose_subject_is_none_is_set_aside_and_others_go_on(
    urls: DatabaseUrls, broker: NatsServer
) -> None:
    async with opened(urls) as database, on_the_bus(broker) as bus, at_work(Relay(database, bus)) as relaying:
        ask(
            urls,
            "INSERT INTO outbox (message_id, subject, type, aggregate_id, sequence, body, created_at, traceparent) VALUES"
            " (gen_random_uuid(), 'order paid', 'x', 'x', 1, '{}', now(), NULL) RETURNING 1",
        )
        await say(database)

        async def set_aside() -> bool:
            query = "SELECT count(*) FROM outbox WHERE set_aside_at IS NOT NULL AND subject = 'order paid'"
            return await asyncio.to_thread(ask, urls, query) == 1

        await eventually(set_aside)
        assert unsent(urls) == 1
        assert not relaying.done()
