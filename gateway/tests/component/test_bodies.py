"""Bodies have limits, stream both ways, and never fill the gateway's memory."""

import asyncio
import resource

import pytest

from gateway.errors import BodyTooLarge
from gateway.patience import Patience
from gateway.routing import MB, Public, Row
from gateway.testing import OK, RunGateway, World, holds
from gateway.testing.wire import read_head

OPEN = Public("a test of bodies")
ROWS = (
    Row("POST", "/v1/small", "events", OPEN, body_limit=1000),
    Row("POST", "/v1/medium", "events", OPEN, body_limit=300_000),
    Row("POST", "/v1/large", "events", OPEN, body_limit=200 * MB, timeout=20),
    Row("GET", "/v1/download", "events", OPEN, timeout=20),
)
HEAD = b" HTTP/1.1\r\nhost: a\r\n"


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize(("path", "limit"), [("/v1/small", 1000), ("/v1/medium", 300_000)])
async def test_a_body_of_exactly_the_limit_passes_and_one_more_byte_does_not(
    run: RunGateway, path: str, limit: int
) -> None:
    async with run(rows=ROWS) as world:
        assert (await world.ask("POST", path, body=b"a" * limit)).status == 200
        assert len(world["events"].heard[0].body) == limit
        answer = await world.ask("POST", path, body=b"a" * (limit + 1))
        assert (answer.status, answer.code) == (413, BodyTooLarge.code)
        assert answer.json()["limit"] == limit
        assert len(world["events"].heard) == 1


@pytest.mark.parametrize(("path", "limit"), [("/v1/small", 1000), ("/v1/medium", 300_000)])
async def test_chunks_are_counted_like_a_length(run: RunGateway, path: str, limit: int) -> None:
    head = f"POST {path}".encode() + HEAD + b"transfer-encoding: chunked\r\n\r\n"
    async with run(rows=ROWS) as world:
        for extra, status in ((0, 200), (1, 413)):
            reader, writer = await world.connect()
            writer.write(head + chunked(b"a" * (limit + extra), 700))
            assert (await asyncio.wait_for(world.read_answer(reader), 5)).status == status
            writer.close()
        assert [len(heard.body) for heard in world["events"].heard] == [limit]


async def test_a_declared_length_over_the_limit_is_refused_before_any_of_it_is_read(run: RunGateway) -> None:
    async with run(rows=ROWS) as world:
        reader, writer = await world.connect()
        writer.write(b"POST /v1/small" + HEAD + b"content-length: 5000000\r\nexpect: 100-continue\r\n\r\n")
        first, headers = await read_head(reader)
        assert first.startswith("HTTP/1.1 413 ")
        assert ("connection", "close") in headers
        assert world["events"].connections == 0
        writer.close()


async def test_a_client_that_sends_everything_first_still_reads_its_refusal(run: RunGateway) -> None:
    async with run(rows=ROWS) as world:
        answer = await world.ask("POST", "/v1/small", body=b"a" * 600_000)
        assert answer.status == 413


async def test_a_get_with_a_body_is_refused(world: World) -> None:
    answer = await world.ask("GET", "/v1/events", body=b"x")
    assert answer.status == 413
    assert world["events"].heard == []


@pytest.mark.parametrize("path", ["/v1/home", "/v1/live"])
async def test_a_body_is_refused_where_the_gateway_answers_itself_as_well(world: World, path: str) -> None:
    head = f"GET {path}".encode() + HEAD + b"connection: close\r\nauthorization: Bearer " + world.bearer() + b"\r\n"
    for body in (b"content-length: 1\r\n\r\nx", b"transfer-encoding: chunked\r\n\r\n" + chunked(b"x", 1)):
        (answer,) = await world.raw(head + body)
        assert (answer.status, answer.code) == (413, BodyTooLarge.code)
    assert world.identity.asked() == []


@pytest.mark.parametrize(
    ("begin", "more"),
    [(b"0\r\nx-a: ", b"a" * 50_000), (b"0\r\n", b"x-a: 1\r\n" * 6_000), (b"1;", b"a" * 50_000)],
    ids=["one trailer without end", "trailers without end", "a chunk extension without end"],
)
async def test_what_comes_between_the_parts_of_a_body_is_bounded_like_a_head(
    world: World, begin: bytes, more: bytes
) -> None:
    """Scenario 16: a parser holds a trailer whole, so nobody may send one without end."""
    reader, writer = await world.connect()
    writer.write(b"POST /v1/auth/refresh" + HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")
    writer.write(begin + more * 20)
    answer = await asyncio.wait_for(world.read_answer(reader), 5)
    assert (answer.status, answer.code, answer.one("connection")) == (431, "gateway.headers_too_large", "close")
    assert world.identity.asked() == []


async def test_trailers_of_a_size_that_heads_have_pass(world: World) -> None:
    for begin, more in ((b"0\r\nx-a: ", b"a" * 20_000), (b"1;", b"a" * 20_000 + b"\r\n \r\n0\r\n\r\n")):
        head = b"POST /v1/auth/refresh" + HEAD + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"
        (answer,) = await world.raw(head + begin + more + (b"\r\n\r\n" if begin.startswith(b"0") else b""))
        assert answer.status == 200
    assert [heard.body for heard in world.identity.asked()] == [b"{}", b"{} "]


async def test_a_refused_request_with_a_whole_body_keeps_its_connection(world: World) -> None:
    reader, writer = await world.connect()
    request = b"POST /v1/organizations HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}"
    for _ in range(2):
        writer.write(request)
        assert (await world.read_answer(reader)).status == 401
    writer.close()


async def test_a_body_that_stops_coming_is_not_waited_for(run: RunGateway) -> None:
    async with run(rows=ROWS, patience=Patience(body=0.2)) as world:
        for sent in (b"abc", b"a" * 100_000):
            (answer,) = await world.raw(b"POST /v1/medium" + HEAD + b"content-length: 200000\r\n\r\n" + sent)
            assert (answer.status, answer.code) == (408, "gateway.body_too_slow")
        assert world["events"].heard == []


async def test_dripping_bytes_do_not_extend_the_deadline_of_a_body(run: RunGateway) -> None:
    """Scenario 16."""
    async with run(rows=ROWS, patience=Patience(body=5, gather=0.3)) as world:
        reader, writer = await world.connect()
        writer.write(b"POST /v1/small" + HEAD + b"content-length: 900\r\n\r\n")

        async def drip() -> None:
            while True:
                writer.write(b"a")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        answer = await asyncio.wait_for(world.read_answer(reader), 5)
        dripping.cancel()
        assert (answer.status, answer.code, answer.one("connection")) == (408, "gateway.body_too_slow", "close")
        assert world["events"].heard == []


async def test_a_client_that_leaves_mid_body_leaves_no_request_behind(run: RunGateway) -> None:
    async with run(rows=ROWS) as world:
        _, writer = await world.connect()
        writer.write(b"POST /v1/medium" + HEAD + b"content-length: 200000\r\n\r\n" + b"a" * 100_000)
        await holds(lambda: world["events"].connections == 1, "the upload's begin")
        writer.transport.abort()
        await holds(lambda: world.built.pools["events"].taken == 0, "the end of the exchange")
        assert world["events"].heard == []


async def test_an_upload_streams_and_the_gateways_memory_stays_flat(run: RunGateway) -> None:
    total = 96 * MB
    counted = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal counted
        await read_head(reader)
        while counted < total:
            counted += len(await reader.read(256 * 1024))
        writer.write(OK)

    async with run(rows=ROWS, patience=Patience(body=10)) as world:
        world["events"].on_connection = serve
        reader, writer = await world.connect()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        writer.write(b"POST /v1/large" + HEAD + b"content-length: %d\r\n\r\n" % total)
        for _ in range(total // (256 * 1024)):
            writer.write(b"a" * 256 * 1024)
            await writer.drain()
        assert (await asyncio.wait_for(world.read_answer(reader), 20)).status == 200
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert (counted, grown < 10 * 1024) == (total, True), f"grew by {grown} kB"
        writer.close()


async def test_a_slow_reader_slows_the_sender(run: RunGateway) -> None:
    """Memory is bounded because the service is made to wait: of 64 MB it can send only what buffers hold."""
    total, sent = 64 * MB, 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
        while sent < total:
            writer.write(b"a" * 64 * 1024)
            await writer.drain()
            sent += 64 * 1024

    async def settled() -> bool:
        before = sent
        await asyncio.sleep(0.2)
        return sent == before > 0

    async with run(rows=ROWS) as world:
        world["events"].on_connection = serve
        reader, writer = await world.connect()
        writer.write(b"GET /v1/download" + HEAD + b"\r\n")
        async with asyncio.timeout(10):
            while not await settled():
                pass
        assert sent < total / 2
        answer = await asyncio.wait_for(world.read_answer(reader), 20)
        assert (len(answer.body), sent) == (total, total)
        writer.close()


async def test_a_client_that_never_reads_is_let_go(run: RunGateway) -> None:
    async with run(rows=ROWS, patience=Patience(read=0.2)) as world:
        world["events"].reply = lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 30000000\r\n\r\n" + b"a" * 30_000_000
        reader, writer = await world.connect()
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # the plainest way not to read
        writer.write(b"GET /v1/download" + HEAD + b"\r\n")
        await holds(lambda: world.built.pools["events"].taken == 1, "the download's begin")
        await holds(lambda: world.built.pools["events"].taken == 0, "its end")
        writer.transport.abort()
