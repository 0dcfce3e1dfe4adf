"""What is said is heard once in effect, whatever is killed, away, doubled, reordered, poisoned or unknown."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from common.db import Transaction
from common.ids import EventId, OrganizationId, TicketTierId
from common.messages import EventPublished, TicketTierAvailabilityChanged
from common.outbox import ForeignMessage
from common.relay import Relay
from common.service import Parts
from common.testing import Running, RunService, eventually
from common.testing.brokers import connected
from common.testing.principals import fresh
from common.testing.running import provision_broker
from common.testing.servers import PASSWORD, DatabaseUrls, NatsServer

TIER = TicketTierId(fresh(TicketTierId))
EVENT = EventId(fresh(EventId))

COPIES = "CREATE TABLE copies (id text PRIMARY KEY, sequence bigint NOT NULL, name text NOT NULL, effects int NOT NULL DEFAULT 1)"


def availability(sequence: int = 1) -> TicketTierAvailabilityChanged:
    return TicketTierAvailabilityChanged(sequence=sequence, ticket_tier_id=TIER, event_id=EVENT, availability="few")


def event_published(sequence: int = 1, name: str = "Lagos Night", event_id: EventId = EVENT) -> EventPublished:
    return EventPublished.parse(
        json.dumps(
            {
                "sequence": sequence,
                "eventId": event_id,
                "organizationId": str(fresh(OrganizationId)),
                "workspaceId": None,
                "name": name,
                "slug": "lagos-night",
                "description": None,
                "status": "published",
                "startsAt": "2026-12-01T19:00:00+00:00",
                "endsAt": "2026-12-01T23:00:00+00:00",
                "timezone": "Africa/Lagos",
                "venue": None,
                "currency": "NGN",
            }
        )
    )


async def keep_copy(tx: Transaction, message: EventPublished) -> None:
    """A consumer as every service has them: it makes its copy equal, and drops what is older."""
    if message.name == "poison":
        raise ValueError("this name breaks the action")
    statement = text(
        "INSERT INTO copies (id, sequence, name) VALUES (:id, :sequence, :name) ON CONFLICT (id) DO UPDATE"
        " SET sequence = excluded.sequence, name = excluded.name, effects = copies.effects + 1"
        " WHERE excluded.sequence > copies.sequence"
    )
    await tx.execute(statement, {"id": message.event_id, "sequence": message.sequence, "name": message.name})


@pytest.fixture
def with_copies(urls: DatabaseUrls) -> DatabaseUrls:
    with psycopg.connect(urls.owner.replace("+psycopg", "")) as connection:
        connection.execute(COPIES)
    return urls


@pytest.fixture
async def provisioned(broker: NatsServer) -> NatsServer:
    await provision_broker(broker)
    return broker


@asynccontextmanager
async def process(what: str, urls: DatabaseUrls, broker: NatsServer, says: bytes) -> AsyncIterator[Process]:
    """A process of `crashing.py` that has come as far as it says; killed at the end if it still lives."""
    script = Path(__file__).with_name("crashing.py")
    started = await asyncio.create_subprocess_exec(
        sys.executable, str(script), what, urls.app, broker.url, PASSWORD, stdout=PIPE
    )
    assert started.stdout is not None
    assert (await asyncio.wait_for(started.stdout.readline(), 20)).strip() == says
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def stored(broker: NatsServer) -> int:
    async with connected(broker.url, "provisioner") as bus:
        return int((await bus._jetstream.stream_info("COMMERCE")).state.messages)


async def unsent(world: Running) -> int:
    return int((await world.rows("SELECT count(*) AS n FROM outbox WHERE sent_at IS NULL"))[0]["n"])


async def all_sent(world: Running) -> bool:
    return await unsent(world) == 0


async def test_kill_9_between_commit_and_publish_loses_nothing(
    run_commerce: RunService, urls: DatabaseUrls, provisioned: NatsServer
) -> None:
    async with process("say", urls, provisioned, b"committed") as sayer:
        sayer.kill()
        await sayer.wait()
    assert await stored(provisioned) == 0
    async with run_commerce(broker=provisioned) as world:
        await eventually(lambda: all_sent(world))
    assert await stored(provisioned) == 1


async def test_kill_9_between_publish_and_mark_says_it_again_and_the_broker_knows_it(
    run_commerce: RunService, urls: DatabaseUrls, provisioned: NatsServer
) -> None:
    async with process("say", urls, provisioned, b"committed") as sayer:
        sayer.kill()
    owner = urls.owner.replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(owner) as holder:
        await holder.execute("SELECT * FROM outbox FOR UPDATE")
        async with process("relay", urls, provisioned, b"relaying") as relaying:
            await eventually(lambda: _holds_one(provisioned), what="the message on the broker")
            relaying.kill()
            await relaying.wait()
    async with run_commerce(broker=provisioned) as world:
        assert await world.count("outbox") == 1
        await eventually(lambda: all_sent(world))
    assert await stored(provisioned) == 1


async def test_a_broker_away_for_200_commits_gets_them_all_once(
    run_commerce: RunService, provisioned: NatsServer
) -> None:
    async with run_commerce(broker=provisioned) as world:
        await asyncio.to_thread(provisioned.kill)
        for number in range(200):
            async with world.database.transaction() as tx:
                tx.publish(availability(number + 1))
        assert await unsent(world) == 200
        readiness = (await world.client.get("/readyz")).json()
        assert readiness["status"] == "degraded"
        assert readiness["dependencies"]["nats"]["status"] == "away"
        await asyncio.to_thread(provisioned.start)
        await eventually(lambda: all_sent(world), within=30)
        assert await stored(provisioned) == 200


async def test_a_rolled_back_transaction_says_nothing(run_commerce: RunService, provisioned: NatsServer) -> None:
    async with run_commerce(broker=provisioned) as world:
        with pytest.raises(ZeroDivisionError):
            async with world.database.transaction() as tx:
                tx.publish(availability())
                raise ZeroDivisionError
        assert await world.count("outbox") == 0
    assert await stored(provisioned) == 0


async def test_a_service_cannot_say_what_another_publishes(run_commerce: RunService) -> None:
    async with run_commerce() as world:
        with pytest.raises(ForeignMessage):
            async with world.database.transaction() as tx:
                tx.publish(event_published())
        assert await world.count("outbox") == 0


async def test_a_row_the_broker_refuses_for_itself_is_set_aside_and_others_go_on(run_commerce: RunService) -> None:
    async with run_commerce() as world:
        async with world.database.transaction() as tx:
            tx.publish(availability(1))
            tx.publish(availability(2))
            await tx.connection.execute(text("SELECT 1"))
        async with world.database.transaction() as tx:
            oversized = """
                INSERT INTO outbox (message_id, subject, type, aggregate_id, sequence, body, created_at)
                VALUES (gen_random_uuid(), 'order.paid', 'order.paid.v1', 'x', 1, repeat('x', 1200000), now())
            """
            await tx.execute(text(oversized))

        async def set_aside() -> bool:
            return bool(await world.rows("SELECT 1 FROM outbox WHERE set_aside_at IS NOT NULL AND attempts = 5"))

        await eventually(set_aside, within=15)
        assert await world.rows("SELECT count(*) AS n FROM outbox WHERE sent_at IS NOT NULL") == [{"n": 2}]
        assert (await world.client.get("/readyz")).json()["outboxSetAside"] == 1


async def test_only_one_relay_works_and_another_takes_over_when_it_dies(
    run_commerce: RunService, urls: DatabaseUrls, provisioned: NatsServer
) -> None:
    async with process("relay", urls, provisioned, b"relaying") as first:
        await eventually(lambda: _someone_leads(urls), what="the first relay leading")
        async with run_commerce(broker=provisioned) as world:
            second = Relay(world.database, world.bus)
            running = asyncio.create_task(second.run())
            async with world.database.transaction() as tx:
                tx.publish(availability())
            await eventually(lambda: all_sent(world))
            assert second.leading is False
            first.kill()
            await first.wait()
            async with world.database.transaction() as tx:
                tx.publish(availability(2))
            await eventually(lambda: all_sent(world), within=5)
            running.cancel()
    assert await stored(provisioned) == 2


async def test_a_message_delivered_twice_has_one_effect(run_commerce: RunService, with_copies: DatabaseUrls) -> None:
    async with run_commerce(handlers={EventPublished: keep_copy}) as world:
        await world.hear(event_published())
        first = (await world.rows("SELECT message_id FROM inbox"))[0]["message_id"]
        await _deliver_again(world, event_published(), first)
        assert await world.rows("SELECT name, effects FROM copies") == [{"name": "Lagos Night", "effects": 1}]
        assert await world.count("inbox") == 1


async def test_parallel_deliveries_of_one_message_have_one_effect(
    run_commerce: RunService, with_copies: DatabaseUrls
) -> None:
    effects: list[int] = []

    async def slow_effect(tx: Transaction, message: EventPublished) -> None:
        await tx.execute(text("SELECT pg_sleep(0.05)"))
        effects.append(message.sequence)

    async with run_commerce(handlers={EventPublished: slow_effect}) as world:
        deliveries = [_delivery(event_published(), "one-and-the-same") for _ in range(8)]
        await asyncio.gather(*(world.app.state.inbox.receive("commerce-from-events", one) for one in deliveries))
        assert effects == [1]
        assert all(one.answers == ["done"] for one in deliveries)


async def test_messages_in_any_order_end_in_the_newest_state(
    run_commerce: RunService, with_copies: DatabaseUrls
) -> None:
    async with run_commerce(handlers={EventPublished: keep_copy}) as world:
        await world.hear(event_published(3, "third"), event_published(1, "first"), event_published(2, "second"))
        assert await world.rows("SELECT sequence, name FROM copies") == [{"sequence": 3, "name": "third"}]


async def test_a_poison_message_becomes_a_dead_letter_others_go_on_and_a_replay_completes_it(
    run_commerce: RunService, with_copies: DatabaseUrls
) -> None:
    mended: list[bool] = []

    async def breaks_until_mended(tx: Transaction, message: EventPublished) -> None:
        if message.name == "poison" and not mended:
            raise ValueError("this name breaks the action")
        await keep_copy(tx, message.model_copy(update={"name": message.name.replace("poison", "cured")}))

    async with run_commerce(handlers={EventPublished: breaks_until_mended}) as world:
        other = EventId(fresh(EventId))
        poison = await world.send(event_published(1, "poison"))
        await world.hear(event_published(1, "healthy", other))

        async def dead() -> Any:
            return await world.rows("SELECT * FROM dead_letters")

        letter = (await eventually(dead, within=15))[0]
        assert (letter["message_id"], letter["consumer"]) == (poison, "commerce-from-events")
        assert letter["failures"] == 5
        assert letter["error"] == "ValueError: this name breaks the action"
        assert letter["headers"]["ce-type"] == "event.published.v1"
        assert json.loads(letter["body"])["name"] == "poison"
        assert await world.rows("SELECT name FROM copies") == [{"name": "healthy"}]
        assert (await world.client.get("/readyz")).json()["deadLetters"] == 1
        mended.append(True)
        assert await world.app.state.inbox.replay("commerce-from-events", poison) is True
        assert await world.rows("SELECT name FROM copies WHERE id = :id", id=EVENT) == [{"name": "cured"}]
        assert await world.app.state.inbox.replay("commerce-from-events", poison) is False
        assert (await world.client.get("/readyz")).json()["deadLetters"] == 0


async def test_an_unreadable_message_becomes_a_dead_letter_at_once(
    run_commerce: RunService, with_copies: DatabaseUrls
) -> None:
    async with run_commerce(handlers={EventPublished: keep_copy}) as world:
        await world.send(event_published(), body='{"sequence": "many"}')
        await world.send(event_published(), body="\x00 no json at all")

        async def two_dead() -> bool:
            return await world.count("dead_letters") == 2

        await eventually(two_dead)
        assert await world.rows("SELECT DISTINCT failures FROM dead_letters") == [{"failures": 1}]
        assert await world.count("copies") == 0


async def test_a_message_type_without_an_action_is_kept_as_a_dead_letter(run_commerce: RunService) -> None:
    async with run_commerce(handlers={}) as world:
        await world.send(event_published())

        async def dead() -> bool:
            return await world.count("dead_letters") == 1

        await eventually(dead)


async def test_fields_a_newer_publisher_added_are_ignored(run_commerce: RunService, with_copies: DatabaseUrls) -> None:
    async with run_commerce(handlers={EventPublished: keep_copy}) as world:
        newer = {
            **json.loads(event_published().body()),
            "venueMap": {"url": "x"},
            "venue": {"name": "Hall", "floor": 3},
        }
        await world.handled(await world.send(event_published(), body=json.dumps(newer)))
        assert await world.rows("SELECT name FROM copies") == [{"name": "Lagos Night"}]


async def test_a_lost_database_counts_no_failure_and_the_message_takes_effect_later(
    run_commerce: RunService, with_copies: DatabaseUrls
) -> None:
    async with run_commerce(handlers={EventPublished: keep_copy}) as world:
        locked = f'ALTER DATABASE "{with_copies.name}" ALLOW_CONNECTIONS '
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = 'commerce'"
        elsewhere = with_copies.superuser.replace(with_copies.name, "postgres")
        async with await psycopg.AsyncConnection.connect(elsewhere, autocommit=True) as superuser:
            await superuser.execute(locked + "false")
            await superuser.execute(cut, [with_copies.name])
            message_id = await world.send(event_published())
            assert (await world.client.get("/readyz")).status_code == 503
            await superuser.execute(locked + "true")
        await world.handled(message_id, within=20)
        assert await world.rows("SELECT failures FROM inbox") == [{"failures": 0}]
        assert await world.count("copies") == 1


async def test_a_copy_emptied_and_rebuilt_by_republish_is_the_same(
    run_commerce: RunService, with_copies: DatabaseUrls
) -> None:
    events = [event_published(2, f"event {number}", EventId(fresh(EventId))) for number in range(5)]
    async with run_commerce(handlers={EventPublished: keep_copy}) as world:
        await world.hear(*events)
        before = await world.rows("SELECT id, sequence, name FROM copies ORDER BY id")
        async with world.database.transaction() as tx:
            await tx.execute(text("DELETE FROM copies"))
        await world.hear(*events)
        assert await world.rows("SELECT id, sequence, name FROM copies ORDER BY id") == before
        assert len(before) == 5


async def test_republish_puts_every_aggregate_in_the_outbox_in_one_transaction(run_commerce: RunService) -> None:
    async def republish(tx: Transaction) -> int:
        for sequence in range(3):
            tx.publish(availability(sequence))
        return 3

    async with run_commerce(parts=Parts(routers=[], republish=republish)) as world:
        async with world.database.transaction() as tx:
            assert await world.app.state.parts.republish(tx) == 3
        assert len(await world.said(TicketTierAvailabilityChanged)) == 3


async def test_the_apps_role_reads_and_writes_rows_and_can_neither_make_tables_nor_read_other_databases(
    urls: DatabaseUrls,
) -> None:
    app = urls.app.replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(app) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("CREATE TABLE mine (id int)")
    for elsewhere in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            await psycopg.AsyncConnection.connect(app.replace(urls.name, elsewhere))


class _Answered:
    """A delivery without a broker, for deliveries at the very same moment."""

    def __init__(self, message: EventPublished, message_id: str) -> None:
        self.subject, self.type, self.body = message.subject, message.type(), message.body().encode()
        self.message_id, self.traceparent, self.deliveries = message_id, None, 1
        self.headers: dict[str, str] = {}
        self.answers: list[str] = []

    async def done(self) -> None:
        self.answers.append("done")

    async def again_in(self, delay: object) -> None:
        self.answers.append("again")


def _delivery(message: EventPublished, message_id: str) -> _Answered:
    return _Answered(message, message_id)


async def _deliver_again(world: Running, message: EventPublished, message_id: str) -> None:
    """The same id past the broker's own memory: two minutes later it would store it again."""
    delivery = _delivery(message, message_id)
    await world.app.state.inbox.receive("commerce-from-events", delivery)
    assert delivery.answers == ["done"]


async def _holds_one(broker: NatsServer) -> bool:
    return await stored(broker) == 1


async def _someone_leads(urls: DatabaseUrls) -> bool:
    async with await psycopg.AsyncConnection.connect(urls.superuser) as connection:
        query = """
            SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
            WHERE locktype = 'advisory' AND granted AND datname = %s
        """
        return (await (await connection.execute(query, [urls.name])).fetchone()) is not None
