"""When a service is slow, gone or unlucky: a plain refusal in time, and nothing done twice."""

import asyncio

import pytest

from gateway.patience import Patience
from gateway.routing import Public, Row
from gateway.testing import OK, FakeService, Heard, RunGateway, World, holds
from gateway.testing.wire import read_head

OPEN = Public("a test of faults")
ROWS = (
    Row("GET", "/v1/quick", "events", OPEN, timeout=0.3),
    Row("POST", "/v1/quick", "events", OPEN, timeout=0.3),
    Row("DELETE", "/v1/quick", "events", OPEN, timeout=5),
    Row("GET", "/v1/usual", "events", OPEN),
    Row("POST", "/v1/usual", "events", OPEN),
)


async def test_a_service_that_is_away_is_a_503_at_once_and_back_when_it_is(world: World) -> None:
    await world["events"].stop()
    answer = await asyncio.wait_for(world.ask("GET", "/v1/events"), 1)
    assert (answer.status, answer.code, answer.one("retry-after")) == (503, "gateway.service_away", "1")
    assert answer.json()["service"] == "events"
    assert (await world.ask("GET", "/v1/app-state")).status == 200
    await world["events"].start()
    assert (await world.ask("GET", "/v1/events")).status == 200


async def test_a_service_that_does_not_answer_in_time_is_a_504(run: RunGateway) -> None:
    release = asyncio.Event()

    async def slow(_: Heard) -> bytes:
        await release.wait()
        return OK

    async with run(rows=ROWS) as world:
        world["events"].reply = slow
        for method, body in (("GET", None), ("POST", b"{}")):
            answer = await asyncio.wait_for(world.ask(method, "/v1/quick", body=body), 1)
            assert (answer.status, answer.code) == (504, "gateway.deadline_passed")
        release.set()
        assert [heard.method for heard in world["events"].heard] == ["GET", "POST"]
        world["events"].reply = lambda _: OK
        assert (await world.ask("GET", "/v1/quick")).status == 200
        assert world["events"].connections == 3


async def test_a_late_answer_is_never_given_to_the_next_who_asks(run: RunGateway) -> None:
    first = asyncio.Event()

    async def late(heard: Heard) -> bytes:
        if "late" in heard.target:
            await first.wait()
            return b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate"
        return OK

    async with run(rows=ROWS) as world:
        world["events"].reply = late
        assert (await world.ask("GET", "/v1/quick?late")).status == 504
        first.set()
        for _ in range(5):
            assert (await world.ask("GET", "/v1/quick")).body == b"{}"


async def test_an_answer_that_stalls_is_cut(run: RunGateway) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
        await reader.read()

    async with run(rows=ROWS, patience=Patience(stall=0.2)) as world:
        world["events"].on_connection = serve
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await asyncio.wait_for(world.ask("GET", "/v1/usual"), 5)


def dies_when_reused(service: FakeService) -> list[str]:
    """Let each connection answer once, then take one more request and close without a word, as restarts do."""
    taken: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in (1, 2):
            first, headers = await read_head(reader)
            await reader.readexactly(int(dict(headers).get("content-length", "0")))
            taken.append(first.split(" ")[0])
            if number == 1:
                writer.write(OK[:-2] if first.startswith("HEAD") else OK)

    service.on_connection = serve
    return taken


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
async def test_what_may_be_repeated_is_sent_again_when_a_used_connection_died_in_silence(
    run: RunGateway, method: str
) -> None:
    async with run(rows=ROWS) as world:
        taken = dies_when_reused(world["events"])
        for _ in range(2):
            assert (await world.ask(method, "/v1/quick")).status == 200
        assert taken == [method] * 3
        assert world["events"].connections == 2


async def test_what_may_not_be_repeated_is_never_sent_twice(run: RunGateway) -> None:
    async with run(rows=ROWS) as world:
        taken = dies_when_reused(world["events"])
        assert (await world.ask("POST", "/v1/usual", body=b"{}")).status == 200
        answer = await world.ask("POST", "/v1/usual", body=b"{}")
        assert (answer.status, answer.code) == (502, "gateway.answer_unusable")
        assert taken == ["POST", "POST"]


async def test_a_fresh_connection_that_dies_is_not_tried_again(run: RunGateway) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)

    async with run(rows=ROWS) as world:
        world["events"].on_connection = serve
        assert (await world.ask("GET", "/v1/usual")).status == 502
        assert world["events"].connections == 1


async def test_the_other_replica_is_asked_when_one_refuses_connections(run: RunGateway) -> None:
    other = FakeService()
    await other.start()
    async with run(rows=ROWS) as world:
        address = world["events"].url
        await world["events"].stop()
        upstreams = {name: [service.url] for name, service in world.services.items()}
        upstreams["events"] = [address, other.url]
        async with run(rows=ROWS, upstreams=upstreams) as second:
            statuses = [(await second.ask("POST", "/v1/usual", body=b"{}")).status for _ in range(6)]
    assert statuses == [200] * 6
    assert len(other.heard) == 6
    await other.stop()


async def test_a_client_that_leaves_during_a_download_frees_the_service(run: RunGateway) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"4000\r\n" + b"a" * 0x4000 + b"\r\n")
            await writer.drain()

    async with run(rows=ROWS) as world:
        world["events"].on_connection = serve
        reader, writer = await world.connect()
        writer.write(b"GET /v1/usual HTTP/1.1\r\nhost: a\r\n\r\n")
        await reader.readexactly(100_000)
        writer.transport.abort()
        await holds(lambda: world.built.pools["events"].taken == 0, "the end of the exchange")


async def test_more_requests_than_connections_wait_for_their_turn(run: RunGateway) -> None:
    async with run(rows=ROWS) as world:
        world.built.pools["events"].places.most = 4
        answers = await asyncio.gather(*(world.ask("GET", "/v1/usual") for _ in range(40)))
        assert [answer.status for answer in answers] == [200] * 40
        assert world["events"].connections <= 4
