"""Many callers who miss the same answer make one request, and a failure is shared no further than it must be."""

import asyncio
from datetime import timedelta

from common.testing.clock import FrozenClock
from gateway.testing import World, holds
from gateway.testing.public_reads import Held, answer, waiting


async def test_a_hundred_misses_make_one_request(world: World) -> None:
    held = Held(world, answer(b"one for all"))
    asking = [asyncio.create_task(world.ask("GET", "/v1/events")) for _ in range(100)]
    await waiting(world, 100)
    held.released.set()
    answers = await asyncio.gather(*asking)
    assert {each.body for each in answers} == {b"one for all"}
    assert sorted(each.one("cache-status") for each in answers) == [
        *["lanyard; fwd=uri-miss; collapsed"] * 99,
        "lanyard; fwd=uri-miss; stored",
    ]
    assert len({each.one("x-request-id") for each in answers}) == 100
    assert len(world["events"].heard) == 1


async def test_the_first_callers_leaving_does_not_end_what_others_wait_for(world: World) -> None:
    held = Held(world, answer(b"for the others"))
    _, writer = await world.connect()
    writer.write(b"GET /v1/events HTTP/1.1\r\nhost: a\r\n\r\n")
    await holds(lambda: len(world["events"].heard) == 1, "the first caller's request")
    asking = [asyncio.create_task(world.ask("GET", "/v1/events")) for _ in range(5)]
    await waiting(world, 6)
    writer.transport.abort()
    held.released.set()
    assert {each.body for each in await asyncio.gather(*asking)} == {b"for the others"}
    assert len(world["events"].heard) == 1


async def test_a_failure_is_the_first_callers_alone_and_the_others_try_once_more_together(world: World) -> None:
    failing = answer(b"{}", "content-type: application/json", status="500 Internal Server Error")
    held = Held(world, failing, answer(b"second try"))
    asking = [asyncio.create_task(world.ask("GET", "/v1/events")) for _ in range(20)]
    await waiting(world, 20)
    held.released.set()
    answers = await asyncio.gather(*asking)
    assert sorted((each.status, each.body) for each in answers) == [*[(200, b"second try")] * 19, (500, b"{}")]
    assert len(world["events"].heard) == 2


async def test_a_service_that_goes_on_failing_is_asked_twice_for_all_who_wait(world: World) -> None:
    held = Held(world, answer(b"{}", status="500 Internal Server Error"))
    asking = [asyncio.create_task(world.ask("GET", "/v1/events")) for _ in range(20)]
    await waiting(world, 20)
    held.released.set()
    assert [each.status for each in await asyncio.gather(*asking)] == [500] * 20
    assert len(world["events"].heard) == 2


async def test_an_unknown_thing_is_asked_for_once_for_all_who_wait_and_is_not_kept(world: World) -> None:
    held = Held(world, answer(b"none", status="404 Not Found"))
    asking = [asyncio.create_task(world.ask("GET", "/v1/events")) for _ in range(20)]
    await waiting(world, 20)
    held.released.set()
    assert {(each.status, each.body) for each in await asyncio.gather(*asking)} == {(404, b"none")}
    assert len(world["events"].heard) == 1
    await world.ask("GET", "/v1/events")
    assert len(world["events"].heard) == 2


async def test_a_request_that_is_older_than_the_row_allows_is_not_joined(world: World, clock: FrozenClock) -> None:
    held = Held(world, answer(b"before the change"), answer(b"after it"))
    early = asyncio.create_task(world.ask("GET", "/v1/prompt"))
    await holds(lambda: len(world["events"].heard) == 1, "the early request")
    clock.advance(timedelta(seconds=10))
    late = asyncio.create_task(world.ask("GET", "/v1/prompt"))
    await holds(lambda: len(world["events"].heard) == 2, "the late request")
    held.released.set()
    assert {(await early).body, (await late).body} == {b"before the change", b"after it"}
