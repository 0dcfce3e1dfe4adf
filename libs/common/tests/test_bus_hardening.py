"""A broker that neither answers nor goes away, and one that shows us the door."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from common.bus import BrokerAway, Bus, Letter
from common.bus import link as bus_link
from common.testing import eventually
from common.testing.brokers import connected
from common.testing.servers import NatsServer
from common.topology import consumers

EVENTS_FROM_COMMERCE = next(c for c in consumers("events") if c.stream == "COMMERCE")


def letter(number: int, body: str = "{}") -> Letter:
    return Letter(
        message_id=f"00000000-0000-7000-8000-{number:012d}",
        source="/lanyard/commerce",
        subject="order.paid",
        type="order.paid.v1",
        aggregate_id="ord_00000000000000000000000000",
        sequence=number,
        time="2026-11-20T18:00:00+00:00",
        body=body,
        traceparent=None,
    )


class Wire:
    """What lies between us and the broker; when it is cut, both ends keep a connection that carries nothing."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.whole = asyncio.Event()
        self.whole.set()
        self._writers: list[asyncio.StreamWriter] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, back]
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = self.whole
        try:
            while data := await reader.read(65536):
                await whole.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            return
        finally:
            writer.close()

    def heal(self) -> None:
        """New connections carry again; those of before never do."""
        self.whole = asyncio.Event()
        self.whole.set()

    def end(self) -> None:
        self.whole.set()
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def wire_to(broker: NatsServer) -> AsyncIterator[tuple[Wire, str]]:
    wire = Wire(urlsplit(broker.url).port or 0)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    try:
        yield wire, f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        wire.end()


async def begun_anew(bus: Bus) -> bool:
    return bus._link.anew == 1


async def test_a_publish_into_a_dead_wire_ends_with_its_deadline(broker: NatsServer) -> None:
    async with (
        wire_to(broker) as (wire, url),
        connected(url, "commerce") as bus,
    ):
        assert await bus.publish(letter(1)) is False
        wire.whole.clear()
        started = time.monotonic()
        with pytest.raises(BrokerAway):
            await bus.publish(letter(2), timeout=0.3)
        assert time.monotonic() - started < 1
        wire.whole.set()
        assert await eventually(lambda: bus.publish(letter(2))) is True, "it arrived all the same, once"


async def test_leaving_over_a_dead_wire_takes_no_longer_than_a_moment(broker: NatsServer) -> None:
    async with wire_to(broker) as (wire, url):
        async with connected(url, "commerce") as bus:
            await bus.publish(letter(1))
            wire.whole.clear()
            started = time.monotonic()
            big = [bus.publish(letter(n, "x" * 900_000), timeout=0.1) for n in range(2, 12)]
            outcomes = await asyncio.gather(*big, return_exceptions=True)
            assert all(isinstance(outcome, BrokerAway) for outcome in outcomes)
            assert time.monotonic() - started < 3, "a full buffer does not outlast the deadline for long"
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 5


async def test_after_the_broker_showed_us_the_door_we_come_back_and_go_on_hearing(broker: NatsServer) -> None:
    async with (
        connected(broker.url, "commerce") as commerce,
        connected(broker.url, "events") as events,
    ):
        heard: list[str] = []

        async def hear() -> None:
            async for delivery in events.pull(EVENTS_FROM_COMMERCE, lambda: 1):
                heard.append(delivery.message_id)
                await delivery.done()

        async def heard_of(count: int) -> bool:
            return len(heard) == count

        hearing = asyncio.create_task(hear())
        await commerce.publish(letter(1))
        await eventually(lambda: heard_of(1))
        # The broker answers what it does not understand with an error and closes; the library then gives up for good.
        await events._client._send_command(b"NONSENSE\r\n")
        await events._client._flush_pending()

        await eventually(lambda: begun_anew(events))
        await commerce.publish(letter(2))
        await eventually(lambda: heard_of(2), within=5)
        hearing.cancel()


async def test_an_answer_is_given_again_after_the_broker_showed_us_the_door(broker: NatsServer) -> None:
    async with (
        connected(broker.url, "identity") as identity,
        connected(broker.url, "gateway") as gateway,
    ):
        await gateway.answer("session_feed.drop", lambda payload: b"got " + payload)
        await gateway._client._send_command(b"NONSENSE\r\n")
        await gateway._client._flush_pending()

        async def answered() -> bool:
            heard: list[bytes] = []
            stop = await identity.ask_everyone("session_feed.drop", b"it", heard.append)
            await asyncio.sleep(0.05)
            await stop()
            return heard == [b"got it"]

        await eventually(lambda: begun_anew(gateway))
        await eventually(answered, within=5)


async def test_a_wire_that_died_full_of_bytes_is_replaced(broker: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_link, "_PING_SECONDS", 0.2)
    monkeypatch.setattr(bus_link, "_DEAD_WIRE_SECONDS", 0.5)
    async with wire_to(broker) as (wire, url), connected(url, "commerce") as bus:
        wire.whole.clear()
        for number in range(10):
            with pytest.raises(BrokerAway):
                await bus.publish(letter(number, "x" * 900_000), timeout=0.01)
        wire.heal()
        assert await eventually(lambda: _published(bus), within=8)


async def _published(bus: Bus) -> bool:
    try:
        await bus.publish(letter(100), timeout=0.5)
    except BrokerAway:
        return False
    return True
