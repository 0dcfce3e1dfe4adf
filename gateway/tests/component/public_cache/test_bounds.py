"""What is too large, broken, without a cache on its row or beyond the limits is treated as on any row."""

import asyncio
from dataclasses import replace

import pytest

from gateway.testing import RunGateway, World, holds
from gateway.testing.public_reads import LIST, ROWS, answer, numbered


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_a_large_answer_passes_as_a_stream_and_is_not_kept(world: World, chunked: bool) -> None:
    large = bytes(300_000)
    parts = b"%x\r\n%b\r\n0\r\n\r\n" % (len(large), large)
    streamed = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + parts
    world["events"].reply = lambda _: streamed if chunked else answer(large)
    for _ in range(2):
        assert (await world.ask("GET", "/v1/events")).body == large
    assert len(world.built.public_cache.store) == 0
    assert len(world["events"].heard) == 3, "once to learn its size, then once for each caller"


async def test_a_declared_length_beyond_the_bound_is_not_waited_for(world: World) -> None:
    world["events"].reply = lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n"
    asking = asyncio.create_task(world.ask("GET", "/v1/events"))
    await holds(lambda: len(world["events"].heard) == 2, "the request for this caller alone")
    asking.cancel()


async def test_an_answer_that_breaks_off_is_refused_and_not_kept(world: World) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
        writer.close()

    world["events"].on_connection = serve
    refused = await world.ask("GET", "/v1/events")
    assert (refused.status, refused.code) == (502, "gateway.answer_unusable")
    assert len(world.built.public_cache.store) == 0


async def test_a_get_with_a_body_is_refused_as_on_any_row(world: World) -> None:
    numbered(world)
    refused = await world.ask("GET", "/v1/events", body=b"x")
    assert (refused.status, refused.code) == (413, "gateway.body_too_large")
    assert world["events"].heard == []


async def test_kept_answers_count_against_the_limit_and_say_so(run: RunGateway) -> None:
    async with run(rows=ROWS, rate_limits={"public-read": (2, 60)}, loopback_exempt=False) as world:
        numbered(world)
        answers = [await world.ask("GET", "/v1/events") for _ in range(3)]
        assert [each.status for each in answers] == [200, 200, 429]
        assert [each.one("ratelimit").split(";t=")[0] for each in answers] == [
            f'"public-read";r={n}' for n in (1, 0, 0)
        ]
        assert len({each.one("x-request-id") for each in answers}) == 3
        assert len(world["events"].heard) == 1


async def test_without_a_cache_on_its_row_every_request_goes_on(run: RunGateway) -> None:
    async with run(rows=(replace(LIST, cache=None),)) as world:
        numbered(world)
        assert [(await world.ask("GET", "/v1/events")).body for _ in range(2)] == [b"1", b"2"]
