"""Clients' connections: how many, how long, and in which order they are answered."""

import asyncio
from email.utils import parsedate_to_datetime

import pytest

from gateway.routing import MB, Public, Row
from gateway.testing import OK, Heard, RunGateway, World, holds
from gateway.testing.wire import Streams, read_head

HOST = b"host: api.example.org\r\n"
GET = b"GET /v1/events HTTP/1.1\r\n" + HOST
OPEN = Public("a test of connections")
ROWS = (
    Row("GET", "/v1/events", "events", OPEN),
    Row("GET", "/v1/passes", "events", OPEN),
    Row("POST", "/v1/uploads", "events", OPEN, body_limit=8 * MB),
)


async def rest_of(streams: Streams) -> bytes:
    async with asyncio.timeout(5):
        return await streams[0].read()


async def test_one_connection_too_many_is_told_to_come_back(run: RunGateway) -> None:
    """The one that was there keeps being served, and there is room again once somebody has left."""
    async with run(edge={"most": 2}) as world:
        kept = [await world.connect() for _ in range(2)]
        kept[0][1].write(GET + b"\r\n")
        assert (await world.read_answer(kept[0][0])).status == 200
        refused = await rest_of(await world.connect())
        assert refused.startswith(b"HTTP/1.1 503 ") and b"gateway.too_many_connections" in refused
        assert b'"violatedPolicies":["connections"]' in refused or b'"violated-policies":["connections"]' in refused
        assert b"\r\nretry-after: 5\r\n" in refused
        kept[0][1].write(GET + b"\r\n")
        assert (await world.read_answer(kept[0][0])).status == 200
        kept[1][1].close()

        async def there_is_room() -> bool:
            return (await world.ask("GET", "/v1/app-state")).status == 200

        await holds(lambda: world.connections == 1, "the end of the one that left")
        assert await there_is_room()


@pytest.mark.parametrize(("trusted", "status"), [(False, b"503"), (True, b"200")])
async def test_one_network_may_not_take_every_connection_but_our_proxy_may(
    run: RunGateway, trusted: bool, status: bytes
) -> None:
    edge = {"most_per_network": 1, "network_of": lambda _: "192.0.2.7", "exempt": lambda _: trusted}
    async with run(edge=edge) as world:
        await world.connect()
        await holds(lambda: world.connections == 1, "the first one")
        streams = await world.connect()
        streams[1].write(GET + b"connection: close\r\n\r\n")
        assert (await rest_of(streams)).startswith(b"HTTP/1.1 " + status)


async def test_a_connection_nobody_uses_is_closed_without_a_word(run: RunGateway) -> None:
    async with run(edge={"idle_seconds": 0.2}) as world:
        streams = await world.connect()
        streams[1].write(GET + b"\r\n")
        assert (await world.read_answer(streams[0])).status == 200
        assert await rest_of(streams) == b""


async def test_answers_come_in_the_order_of_the_requests(run: RunGateway) -> None:
    """The first takes longest; the second must wait, also where it has a body."""
    release = asyncio.Event()

    async def reply(request: Heard) -> bytes:
        if request.target == "/v1/events":
            await release.wait()
        body = f"{request.target} {request.body.decode()}".encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body

    async with run(rows=ROWS) as world:
        world["events"].reply = reply
        reader, writer = await world.connect()
        upload = b"POST /v1/uploads HTTP/1.1\r\n" + HOST + b"content-length: 3\r\n\r\nabc"
        writer.write(GET + b"\r\n" + upload + GET.replace(b"events", b"passes") + b"connection: close\r\n\r\n")
        await holds(lambda: len(world["events"].heard) == 1, "the first one")
        release.set()
        answers = [(await world.read_answer(reader)).body for _ in range(3)]
        assert answers == [b"/v1/events ", b"/v1/uploads abc", b"/v1/passes "]
        assert await reader.read() == b""


async def test_a_body_is_asked_for_only_when_it_is_wanted(run: RunGateway) -> None:
    async with run(rows=ROWS) as world:
        reader, writer = await world.connect()
        head = b"POST /v1/uploads HTTP/1.1\r\n" + HOST + b"expect: 100-continue\r\n"
        writer.write(head + b"content-length: 3\r\n\r\n")
        first, _ = await asyncio.wait_for(read_head(reader), 5)
        assert first == "HTTP/1.1 100 Continue"
        writer.write(b"abc")
        assert (await world.read_answer(reader)).status == 200
        assert world["events"].heard[0].body == b"abc"
        assert world["events"].heard[0].all("expect") == []


async def test_http_1_0_is_sent_no_interim_answer_whatever_it_expects(run: RunGateway) -> None:
    """RFC 9110 section 10.1.1."""
    async with run(rows=ROWS) as world:
        reader, writer = await world.connect()
        writer.write(b"POST /v1/uploads HTTP/1.0\r\n" + HOST + b"expect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        await holds(lambda: world.connections == 1, "the connection")
        await asyncio.sleep(0)
        writer.write(b"abc")
        first, _ = await asyncio.wait_for(read_head(reader), 5)
        assert first == "HTTP/1.1 200 OK"
        assert world["events"].heard[0].body == b"abc"


async def test_a_body_whose_framing_breaks_half_way_is_refused_and_never_looks_whole(run: RunGateway) -> None:
    seen = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(await reader.read())

    async with run(rows=ROWS) as world:
        world["events"].on_connection = serve
        reader, writer = await world.connect()
        writer.write(b"POST /v1/uploads HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n")
        writer.write(b"%x\r\n" % 200_000 + b"a" * 200_000 + b"\r\n")
        await holds(lambda: world["events"].connections == 1, "the upload's begin")
        writer.write(b"zz\r\n")
        answer = await world.read_answer(reader)
        assert (answer.status, answer.code, answer.one("connection")) == (400, "gateway.malformed_request", "close")
        await holds(lambda: world.built.pools["events"].taken == 0, "the end of the exchange")
        assert not seen.endswith(b"0\r\n\r\n")


async def test_a_client_that_says_it_will_send_no_more_has_gone(run: RunGateway) -> None:
    async with run(rows=ROWS) as world:
        world["events"].on_connection = _never
        streams = await world.connect()
        streams[1].write(GET + b"\r\n")
        await holds(lambda: world["events"].connections == 1, "the request")
        streams[1].write_eof()
        assert await rest_of(streams) == b""


async def _never(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_an_answer_to_head_has_every_field_and_no_body(world: World) -> None:
    reader, writer = await world.connect()
    writer.write(GET.replace(b"GET", b"HEAD") + b"\r\n" + GET + b"\r\n")
    head = await world.read_answer(reader, "HEAD")
    assert (head.status, head.one("content-length"), head.body) == (200, "2", b"")
    assert (await world.read_answer(reader)).body == b"{}"


async def test_http_1_0_gets_a_length_and_the_end_of_the_connection(world: World) -> None:
    (answer,) = await world.raw(b"GET /v1/events HTTP/1.0\r\n" + HOST + b"\r\n")
    assert (answer.status, answer.one("connection"), answer.body) == (200, "close", b"{}")


async def test_http_1_0_is_not_sent_what_it_could_not_tell_the_end_of(world: World) -> None:
    world["events"].on_connection = _unending
    (answer,) = await world.raw(
        b"GET /v1/passes HTTP/1.0\r\nauthorization: Bearer " + world.bearer() + b"\r\n" + HOST + b"\r\n"
    )
    assert (answer.status, answer.code) == (505, "gateway.version_too_old")


async def _unending(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    await reader.read()


async def test_every_answer_says_when_it_was_made(world: World) -> None:
    world["events"].reply = lambda _: OK.replace(
        b"\r\n\r\n", b"\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\nserver: x\r\n\r\n"
    )
    answer = await world.ask("GET", "/v1/events")
    assert parsedate_to_datetime(answer.one("date")).year >= 2026
    assert answer.all("server") == []
