"""Following a stream without keeping anything at the broker: everything once, in order, whatever happens to the wire."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import nats.errors
import pytest

from common.bus import BrokerAway, Bus, Delivery, Letter, TooFarBack
from common.testing import eventually
from common.testing.brokers import connected
from common.testing.servers import NatsServer
from common.topology import Consumer, Feed, consumers, feeds

COMMERCE = next(feed for feed in feeds() if feed.stream == "COMMERCE")


def letter(number: int, subject: str = "order.paid", body: str = "{}") -> Letter:
    return Letter(
        message_id=f"00000000-0000-7000-8000-{number:012d}",
        source="/lanyard/commerce",
        subject=subject,
        type=f"{subject}.v1",
        aggregate_id="ord_00000000000000000000000000",
        sequence=number,
        time="2026-11-20T18:00:00+00:00",
        body=body,
        traceparent=None,
    )


class Ear:
    """A follower that keeps what it hears."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []
        self.numbers: list[int] = []
        self.positions: list[int] = []

    def begins(self, position: int, waiting: int) -> None:
        self.begun.append((position, waiting))

    def hears(self, delivery: Delivery) -> None:
        self.numbers.append(int(delivery.headers["ce-sequence"]))
        self.positions.append(delivery.position)


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=10)


@asynccontextmanager
async def following(broker: NatsServer, since: datetime, feed: Feed = COMMERCE) -> AsyncIterator[Ear]:
    ear = Ear()
    async with connected(broker.url, "gateway") as bus:
        task = asyncio.create_task(bus.follow(feed, since, ear))
        try:
            await heard(ear, began=1)
            yield ear
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def heard(ear: Ear, *numbers: int, began: int = 0, within: float = 10) -> None:
    async def ask() -> bool:
        return len(ear.begun) >= began and len(ear.numbers) >= len(numbers)

    await eventually(ask, within=within, what=f"{len(numbers)} messages, {len(ear.numbers)} heard")
    assert ear.numbers == list(numbers) or not numbers


async def publish(broker: NatsServer, *letters: Letter) -> None:
    async with connected(broker.url, "commerce") as bus:
        for each in letters:
            await bus.publish(each)


async def test_what_is_stored_comes_first_and_what_is_said_then_follows(broker: NatsServer) -> None:
    await publish(broker, letter(1), letter(2, "payment.failed"), letter(3))
    async with following(broker, long_ago()) as ear:
        await heard(ear, 1, 3)
        assert ear.begun == [(0, 2)]
        await publish(broker, letter(4))
        await heard(ear, 1, 3, 4)
        assert ear.positions == [1, 3, 4]


async def test_what_is_older_is_passed_over_and_the_position_tells_so(broker: NatsServer) -> None:
    await publish(broker, letter(1), letter(2))
    async with following(broker, datetime.now(UTC) + timedelta(seconds=1)) as ear:
        assert ear.begun == [(2, 0)]


async def test_a_restarted_broker_costs_no_message_and_repeats_none(broker: NatsServer) -> None:
    async with (
        connected(broker.url, "commerce") as commerce,
        following(broker, long_ago()) as ear,
    ):
        for first in (1, 21, 41):
            for number in range(first, first + 20):
                await commerce.publish(letter(number))
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
            await eventually(lambda: _connected(commerce), what="the publisher's return")
        await commerce.publish(letter(61))
        await heard(ear, *range(1, 62))


async def test_reading_goes_on_within_a_second_of_the_broker_coming_back(broker: NatsServer) -> None:
    """Scenario 35: the silence of a heartbeat would be noticed later."""
    async with (
        connected(broker.url, "commerce") as commerce,
        following(broker, long_ago()) as ear,
    ):
        await commerce.publish(letter(1))
        await heard(ear, 1)
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
        started = time.monotonic()
        await eventually(lambda: _connected(commerce), what="the publisher's return")
        await commerce.publish(letter(2))
        await heard(ear, 1, 2)
        assert time.monotonic() - started < 1.5


async def _connected(bus: Bus) -> bool:
    return bus.connected


async def test_a_consumer_that_vanishes_is_made_again_where_it_was(broker: NatsServer) -> None:
    async with (
        connected(broker.url, "provisioner") as provisioner,
        following(broker, long_ago()) as ear,
    ):
        await publish(broker, letter(1), letter(2))
        await heard(ear, 1, 2)
        for info in await provisioner._jetstream.consumers_info("COMMERCE"):
            if info.config.durable_name is None:
                await provisioner._jetstream.delete_consumer("COMMERCE", info.name)
        await publish(broker, letter(3))
        await heard(ear, 1, 2, 3)
        assert ear.begun[1] == (2, 1)


async def test_a_reader_too_slow_for_its_own_queue_misses_nothing(
    broker: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library throws away when nobody takes it is asked for again."""
    async with connected(broker.url, "gateway") as bus:
        monkeypatch.setattr(bus._client, "subscribe", partial(bus._client.subscribe, pending_msgs_limit=40))
        ear = Ear()
        await publish(broker, *(letter(number, body=json.dumps("x" * 1000)) for number in range(1, 200)))
        task = asyncio.create_task(bus.follow(COMMERCE, long_ago(), ear))
        await heard(ear, *range(1, 200))
        assert len(ear.begun) > 1
        task.cancel()


async def test_a_stream_that_was_made_anew_is_read_from_its_beginning(broker: NatsServer) -> None:
    async with (
        connected(broker.url, "provisioner") as provisioner,
        following(broker, long_ago()) as ear,
    ):
        await publish(broker, letter(1), letter(2))
        await heard(ear, 1, 2)
        config = (await provisioner._jetstream.stream_info("COMMERCE")).config
        await provisioner._jetstream.delete_stream("COMMERCE")
        await provisioner._jetstream.add_stream(config)
        await publish(broker, letter(7))
        await heard(ear, 1, 2, 7)
        assert ear.begun[-1][0] == 0
        assert ear.positions == [1, 2, 1]


async def test_reading_back_gives_what_lies_behind_a_position_once(broker: NatsServer) -> None:
    await publish(broker, *(letter(number) for number in range(1, 6)))
    async with connected(broker.url, "gateway") as bus:
        assert [each.position for each in await bus.read_back(COMMERCE, 2, 10)] == [3, 4, 5]
        assert await bus.read_back(COMMERCE, 5, 10) == []
        with pytest.raises(TooFarBack):
            await bus.read_back(COMMERCE, 2, 2)
        with pytest.raises(TooFarBack):
            await bus.read_back(COMMERCE, 6, 10)


async def test_reading_back_from_a_broker_that_is_away_says_so(broker: NatsServer) -> None:
    async with connected(broker.url, "gateway") as bus:
        await asyncio.to_thread(broker.kill)
        with pytest.raises(BrokerAway):
            await bus.read_back(COMMERCE, 0, 10)


DURABLE: Consumer = next(consumer for consumer in consumers("events") if consumer.stream == "COMMERCE")
NARROWED = {"ack_policy": "explicit", "filter_subjects": ["order.paid"], "max_ack_pending": 1}
"""What the broker would accept of someone who may: changes that make others deaf. It accepts it of everyone who may make
nameless consumers when they smuggle in a name, for which it has no permission; services report that drift when they start."""


@pytest.mark.parametrize(
    ("subject", "request_"),
    [
        ("$JS.API.CONSUMER.CREATE.COMMERCE", {"config": {**NARROWED, "durable_name": DURABLE.name}}),
        ("$JS.API.CONSUMER.CREATE.COMMERCE", {"config": {**NARROWED, "durable_name": "mine"}}),
        (f"$JS.API.CONSUMER.CREATE.COMMERCE.{DURABLE.name}", {"config": {**NARROWED, "durable_name": DURABLE.name}}),
        ("$JS.API.CONSUMER.CREATE.COMMERCE.mine", {"config": {**NARROWED, "durable_name": "mine"}}),
        ("$JS.API.CONSUMER.DURABLE.CREATE.COMMERCE.mine", {"config": {**NARROWED, "durable_name": "mine"}}),
        (f"$JS.API.CONSUMER.DELETE.COMMERCE.{DURABLE.name}", {}),
        (f"$JS.API.CONSUMER.MSG.NEXT.COMMERCE.{DURABLE.name}", {"batch": 1}),
        ("$JS.API.STREAM.PURGE.COMMERCE", {}),
        ("order.paid", {}),
    ],
    ids=[
        "durable",
        "durable-of-ones-own",
        "durable-by-subject",
        "durable-of-ones-own-by-subject",
        "durable-of-old",
        "delete",
        "pull",
        "purge",
        "say",
    ],
)
async def test_whoever_follows_can_change_and_take_nothing(
    broker: NatsServer, subject: str, request_: dict[str, Any]
) -> None:
    """Scenario 39: the gateway's user reads as it comes, and that is all."""
    await publish(broker, letter(1))
    async with (
        connected(broker.url, "provisioner") as provisioner,
        connected(broker.url, "gateway") as bus,
    ):
        before = (await provisioner._jetstream.consumer_info("COMMERCE", DURABLE.name)).config
        names = {info.name for info in await provisioner._jetstream.consumers_info("COMMERCE")}
        body = json.dumps({"stream_name": "COMMERCE", **request_}).encode()
        answer: dict[str, Any] = {"error": "no answer"}
        with contextlib.suppress(nats.errors.TimeoutError, nats.errors.NoRespondersError):
            answer = json.loads((await bus._client.request(subject, body, timeout=0.3)).data)
        assert "error" in answer, answer
        assert (await provisioner._jetstream.consumer_info("COMMERCE", DURABLE.name)).config == before
        assert {info.name for info in await provisioner._jetstream.consumers_info("COMMERCE")} == names
        assert (await provisioner._jetstream.stream_info("COMMERCE")).state.messages == 1
