"""The traps of JetStream and nats-py, each with the guard that keeps us out of it."""

import asyncio
import time

import pytest

from common.bus import BrokerAway, BrokerRefuses, Bus, Letter
from common.testing import eventually
from common.testing.brokers import connected, provision_broker
from common.testing.servers import PASSWORD, NatsServer, Servers
from common.topology import Consumer, consumers, streams

EVENTS_FROM_COMMERCE = next(c for c in consumers("events") if c.stream == "COMMERCE")


def letter(number: int = 1, subject: str = "order.paid", body: str = "{}") -> Letter:
    return Letter(
        message_id=f"00000000-0000-7000-8000-{number:012d}",
        source="/lanyard/commerce",
        subject=subject,
        type=f"{subject}.v1",
        aggregate_id="ord_00000000000000000000000000",
        sequence=number,
        time="2026-11-20T18:00:00+00:00",
        body=body,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


async def stored(broker: NatsServer, stream: str = "COMMERCE") -> int:
    """How many messages a stream holds, seen by the provisioner."""
    async with connected(broker.url, "provisioner") as bus:
        info = await bus._jetstream.stream_info(stream)
        return int(info.state.messages)


@pytest.fixture
async def provisioned(broker: NatsServer) -> NatsServer:
    await provision_broker(broker)
    return broker


async def test_the_same_id_is_stored_once_and_the_broker_says_so(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "commerce") as bus:
        assert await bus.publish(letter(1)) is False
        assert await bus.publish(letter(1)) is True
        assert await bus.publish(letter(2)) is False
    assert await stored(provisioned) == 2


async def test_a_letter_arrives_as_a_cloud_event_with_its_trace(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "commerce") as commerce, connected(provisioned.url, "events") as events:
        await commerce.publish(letter(7, body='{"name": "Žižkov"}'))
        async for delivery in events.pull(EVENTS_FROM_COMMERCE, lambda: 1):
            assert delivery.body.decode() == '{"name": "Žižkov"}'
            assert delivery.headers["ce-specversion"] == "1.0"
            assert delivery.headers["ce-source"] == "/lanyard/commerce"
            assert delivery.headers["Nats-Msg-Id"] == delivery.message_id == "00000000-0000-7000-8000-000000000007"
            assert delivery.type == "order.paid.v1"
            assert delivery.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            await delivery.done()
            break


async def test_publishing_while_the_broker_is_away_says_so_at_once(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "commerce") as bus:
        await asyncio.to_thread(provisioned.kill)
        await eventually(lambda: _is_away(bus), what="the connection noticing")
        started = time.monotonic()
        with pytest.raises(BrokerAway):
            await bus.publish(letter(1))
        assert time.monotonic() - started < 1
        await asyncio.to_thread(provisioned.start)
        await eventually(lambda: _is_back(bus), what="the connection coming back")
        assert await bus.publish(letter(1)) is False, "nothing of the failed attempt was sent behind our back"


async def test_what_the_broker_acknowledged_survives_its_sigkill(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "commerce") as bus:
        await asyncio.gather(*(bus.publish(letter(number)) for number in range(100)))
        await asyncio.to_thread(provisioned.kill)
        await asyncio.to_thread(provisioned.start)
    assert await stored(provisioned) == 100


async def test_a_parked_pull_goes_on_within_a_second_of_the_broker_coming_back(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "commerce") as commerce, connected(provisioned.url, "events") as events:
        arrived = asyncio.Event()

        async def hear() -> None:
            async for delivery in events.pull(EVENTS_FROM_COMMERCE, lambda: 1):
                await delivery.done()
                arrived.set()

        hearing = asyncio.create_task(hear())
        await commerce.publish(letter(1))
        await asyncio.wait_for(arrived.wait(), 5)
        arrived.clear()
        await asyncio.to_thread(provisioned.kill)
        await asyncio.to_thread(provisioned.start)
        started = time.monotonic()
        await eventually(lambda: _is_back(commerce))
        await commerce.publish(letter(2))
        await asyncio.wait_for(arrived.wait(), 5)
        assert time.monotonic() - started < 1.5
        hearing.cancel()


async def test_a_message_too_large_is_refused_for_itself_and_the_next_one_goes(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "commerce") as bus:
        with pytest.raises(BrokerRefuses):
            await bus.publish(letter(1, body="x" * 1_100_000))
        assert await bus.publish(letter(2)) is False


async def test_provisioning_again_changes_nothing(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "provisioner") as bus:
        assert await bus.provision(streams(), consumers()) == []
        assert await bus.drift(consumers()) == []


async def test_a_consumer_that_drifted_is_reported_and_mended(provisioned: NatsServer) -> None:
    other = Consumer(EVENTS_FROM_COMMERCE.name, "events", "COMMERCE", ("order.paid",))
    async with connected(provisioned.url, "provisioner") as bus:
        assert len(await bus.provision([], [other])) == 1
        found = await bus.drift(consumers("events"))
        assert len(found) == 1
        assert "filter_subjects is ['order.paid'], should be" in found[0]
        assert len(await bus.provision(streams(), consumers())) == 1
        assert await bus.drift(consumers()) == []


async def test_a_missing_consumer_is_reported(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "provisioner") as bus:
        await bus._jetstream.delete_consumer("COMMERCE", EVENTS_FROM_COMMERCE.name)
        assert await bus.drift(consumers("events")) == ["consumer events-from-commerce is missing"]


async def test_consumers_have_no_backoff_and_never_park_a_message(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "provisioner") as bus:
        for consumer in consumers():
            config = (await bus._jetstream.consumer_info(consumer.stream, consumer.name)).config
            assert not config.backoff
            assert config.max_deliver == -1
            assert config.ack_wait == 30


@pytest.mark.parametrize("subject", ["event.published", "user.created", "order.unheard_of"])
async def test_a_service_may_say_only_its_own_words(provisioned: NatsServer, subject: str) -> None:
    async with connected(provisioned.url, "commerce") as bus:
        with pytest.raises(BrokerAway):
            await bus.publish(letter(1, subject=subject), timeout=0.3)
    assert await stored(provisioned, "EVENTS") == 0
    assert await stored(provisioned, "IDENTITY") == 0


async def test_a_service_may_not_hear_for_another_nor_change_the_topology(provisioned: NatsServer) -> None:
    async with connected(provisioned.url, "commerce") as commerce:
        await commerce.publish(letter(1))
        with pytest.raises(BrokerAway):
            await commerce.lag(EVENTS_FROM_COMMERCE)
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the client makes of a denied request
            await commerce._jetstream.delete_stream("COMMERCE")
    assert await stored(provisioned) == 1


async def test_the_gateway_may_only_answer(provisioned: NatsServer) -> None:
    heard: list[bytes] = []
    async with connected(provisioned.url, "gateway") as gateway, connected(provisioned.url, "identity") as identity:
        await gateway.answer("session_feed.drop", lambda payload: b"got " + payload)

        async def answered() -> set[bytes]:
            """A core request that is asked too early, or gets lost, is nobody's: it is asked anew."""
            await identity.ask_everyone("session_feed.drop", b"it", heard.append)
            return set(heard) - {b""}

        assert await eventually(answered, what="the gateway's answer") == {b"got it"}
        with pytest.raises(BrokerAway):
            await gateway.publish(letter(1), timeout=0.3)
    assert await stored(provisioned) == 0


async def test_a_connection_begun_while_the_broker_was_away_stands_once_it_is_there(
    servers: Servers, broker: NatsServer
) -> None:
    await asyncio.to_thread(broker.kill)
    async with Bus.connect(broker.url, user="commerce", password=PASSWORD) as bus:
        assert not bus.connected
        await asyncio.to_thread(broker.start)
        await provision_broker(broker)
        await eventually(lambda: _is_back(bus), what="the first connection")
        assert await bus.publish(letter(1)) is False


async def _is_away(bus: Bus) -> bool:
    return not bus.connected


async def _is_back(bus: Bus) -> bool:
    return bus.connected
