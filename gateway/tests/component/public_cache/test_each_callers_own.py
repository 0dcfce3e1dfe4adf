"""Nothing of one caller goes to another, or to the service in an answer for all."""

import asyncio

import pytest

from gateway.testing import Heard, World
from gateway.testing.public_reads import answer, numbered, waiting


async def test_whoever_is_signed_in_is_never_answered_from_memory_where_that_makes_a_difference(world: World) -> None:
    numbered(world)
    await world.ask("GET", "/v1/events")
    for expected in (b"2", b"3"):
        seen = await world.ask("GET", "/v1/events", token=world.identity.sign_in())
        assert (seen.body, seen.all("cache-status"), seen.all("age")) == (expected, [], [])
    assert (await world.ask("GET", "/v1/events")).body == b"1"


async def test_a_bad_token_is_refused_beside_a_kept_answer(world: World) -> None:
    numbered(world)
    await world.ask("GET", "/v1/events")
    refused = await world.ask("GET", "/v1/events", token="nonsense")
    assert (refused.status, refused.code) == (401, "gateway.token_refused")
    assert len(world["events"].heard) == 1


async def test_a_token_that_is_not_looked_at_makes_no_difference(world: World) -> None:
    numbered(world)
    await world.ask("GET", "/v1/open")
    assert (await world.ask("GET", "/v1/open", token="nonsense")).body == b"1"


async def test_nothing_of_one_caller_goes_to_the_service(world: World) -> None:
    planted = {
        "cookie": "r=planted",
        "x-planted": "planted",
        "user-agent": "planted",
        "accept": "planted/planted",
        "accept-language": "planted",
        "accept-encoding": "planted",
        "origin": "https://planted.example",
        "forwarded": "for=planted",
        "x-forwarded-host": "planted",
        "if-none-match": '"planted"',
        "cache-control": "no-cache, planted",
    }
    await world.ask("GET", "/v1/events?b=2&&a=1", planted)
    (heard,) = world["events"].heard
    assert heard.target == "/v1/events?a=1&b=2"
    assert "planted" not in str(heard.headers) and "127.0.0.1" not in str(heard.headers)
    assert {name for name, _ in heard.headers} == {
        "x-lanyard-deadline-ms",
        "host",
        "authorization",
        "x-request-id",
        "traceparent",
    }


async def test_a_query_in_another_order_is_the_same_and_any_other_is_not(world: World) -> None:
    numbered(world)
    targets = ["?a=1&b=2", "?b=2&a=1", "?a=1&b=2&", "?b=2", "?a=1&b=2&c", "?a=2&a=1", "?a=1&a=2", "", "?"]
    bodies = [(await world.ask("GET", f"/v1/events{target}")).body for target in targets]
    assert bodies == [b"1", b"1", b"1", b"2", b"3", b"4", b"5", b"6", b"6"]


async def test_a_field_the_row_varies_by_goes_on_and_tells_answers_apart(world: World) -> None:
    numbered(world, "vary: accept-language")
    asked = ["fr", "en", "fr", None]
    bodies = [(await world.ask("GET", "/v1/varied", {"accept-language": each} if each else {})).body for each in asked]
    assert bodies == [b"1", b"2", b"1", b"3"]
    assert [heard.all("accept-language") for heard in world["events"].heard] == [["fr"], ["en"], []]


@pytest.mark.parametrize(
    "line",
    ["set-cookie: a=1", "cache-control: private", "cache-control: no-store", "vary: *", "vary: cookie"],
)
async def test_an_answer_to_one_caller_is_neither_kept_nor_shared(world: World, line: str) -> None:
    """Scenario 13: private or Set-Cookie answers are never stored."""
    numbered(world, line)
    assert [(await world.ask("GET", "/v1/events")).body for _ in range(3)] == [b"1", b"2", b"3"]
    assert len(world.built.public_cache.store) == 0


async def test_callers_who_waited_for_what_cannot_be_shared_each_get_their_own(world: World) -> None:
    released = asyncio.Event()

    async def own(heard: Heard) -> bytes:
        number = len(world["events"].heard)
        await released.wait()
        return answer(b"%d" % number, f"set-cookie: a={number}")

    world["events"].reply = own
    asking = [asyncio.create_task(world.ask("GET", "/v1/events")) for _ in range(10)]
    await waiting(world, 10)
    released.set()
    answers = await asyncio.gather(*asking)
    assert sorted(int(each.body) for each in answers) == list(range(1, 11))
    assert all(each.one("set-cookie") == f"a={each.body.decode()}" for each in answers)


async def test_a_part_of_an_answer_is_the_services_to_give(world: World) -> None:
    numbered(world)
    await world.ask("GET", "/v1/events")
    await world.ask("GET", "/v1/events", {"range": "bytes=0-1"})
    assert world["events"].heard[1].one("range") == "bytes=0-1"
