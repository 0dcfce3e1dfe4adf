"""How long an answer is kept, and how much longer while a new one comes or the service is away."""

import asyncio
import re
from datetime import timedelta

from common.testing.clock import FrozenClock
from common.testing.waiting import eventually
from gateway.testing import World, holds
from gateway.testing.public_reads import Held, answer, numbered, told, waiting

# --- how long


async def test_an_answer_is_kept_for_its_time_and_its_age_is_told(world: World, clock: FrozenClock) -> None:
    numbered(world)
    assert told(await world.ask("GET", "/v1/events")) == (b"1", "lanyard; fwd=uri-miss; stored", [])
    clock.advance(timedelta(seconds=9.5))
    assert told(await world.ask("GET", "/v1/events")) == (b"1", "lanyard; hit; ttl=1", ["9"])
    assert len(world["events"].heard) == 1


async def test_an_old_answer_is_served_at_once_and_refreshed_once(world: World, clock: FrozenClock) -> None:
    """Scenario 13."""
    world["events"].reply = lambda _: answer(b"old")
    await world.ask("GET", "/v1/events")
    held = Held(world, answer(b"new"))
    clock.advance(timedelta(seconds=15))
    answers = await asyncio.gather(*(world.ask("GET", "/v1/events") for _ in range(20)))
    assert [told(each) for each in answers] == [(b"old", "lanyard; hit; ttl=-5", ["15"])] * 20
    held.released.set()

    async def renewed() -> bool:
        return told(await world.ask("GET", "/v1/events")) == (b"new", "lanyard; hit; ttl=10", ["0"])

    await eventually(renewed, what="the new answer")
    assert len(world["events"].heard) == 2


async def test_beyond_fresh_and_stale_a_caller_waits_for_the_new_answer(world: World, clock: FrozenClock) -> None:
    numbered(world)
    await world.ask("GET", "/v1/events")
    clock.advance(timedelta(seconds=30))
    assert told(await world.ask("GET", "/v1/events")) == (b"2", "lanyard; fwd=stale; stored", [])


async def test_the_service_may_ask_for_a_shorter_time(world: World, clock: FrozenClock) -> None:
    numbered(world, "cache-control: public, max-age=1, must-revalidate")
    await world.ask("GET", "/v1/events")
    clock.advance(timedelta(seconds=1))
    renewed = await world.ask("GET", "/v1/events")
    assert (renewed.body, renewed.one("cache-control")) == (b"2", "public, max-age=1, must-revalidate")


async def test_metrics_tell_how_often_the_service_was_spared(world: World, clock: FrozenClock) -> None:
    held = Held(world, answer(b"kept"))
    asking = [asyncio.create_task(world.ask("GET", "/v1/events")) for _ in range(3)]
    await waiting(world, 3)
    held.released.set()
    await asyncio.gather(*asking)
    await world.ask("GET", "/v1/events")
    await world["events"].stop()
    clock.advance(timedelta(seconds=30))
    assert told(await world.ask("GET", "/v1/events"))[0] == b"kept"
    text = (await world.ask("GET", "/metrics")).body.decode()
    counts = dict(re.findall(r'^lanyard_gateway_cache_answers_total\{how="(.*)"\} ([0-9.]+)$', text, re.MULTILINE))
    assert counts == {
        "fetched": "1.0",
        "fetched for another": "2.0",
        "kept": "1.0",
        "kept while the service is away": "1.0",
    }
    assert re.search(r"^lanyard_gateway_cache_bytes [1-9]", text, re.MULTILINE)


# --- while the service is away


async def test_an_old_answer_goes_on_while_the_service_is_away_and_no_longer_than_its_bound(
    world: World, clock: FrozenClock
) -> None:
    numbered(world)
    await world.ask("GET", "/v1/events")
    await world["events"].stop()
    clock.advance(timedelta(seconds=309))
    assert told(await world.ask("GET", "/v1/events")) == (b"1", "lanyard; fwd=stale; detail=away; ttl=-299", ["309"])
    clock.advance(timedelta(seconds=2))
    refused = await world.ask("GET", "/v1/events")
    assert (refused.status, refused.code) == (503, "gateway.service_away")


async def test_an_old_answer_stands_in_for_a_failing_service_which_is_asked_once_a_second(
    world: World, clock: FrozenClock
) -> None:
    numbered(world)
    await world.ask("GET", "/v1/prompt")
    numbered(world, status="500 Internal Server Error")
    clock.advance(timedelta(seconds=20))
    for _ in range(3):
        stood_in = await world.ask("GET", "/v1/prompt")
        assert (stood_in.status, stood_in.body) == (200, b"1")
    assert len(world["events"].heard) == 2
    clock.advance(timedelta(seconds=1))
    numbered(world)
    assert (await world.ask("GET", "/v1/prompt")).body == b"3"


async def test_a_failed_refresh_is_not_tried_again_with_every_request(world: World, clock: FrozenClock) -> None:
    numbered(world)
    await world.ask("GET", "/v1/events")
    numbered(world, status="500 Internal Server Error")
    clock.advance(timedelta(seconds=15))
    await world.ask("GET", "/v1/events")
    await holds(lambda: len(world["events"].heard) == 2, "the refresh")
    await waiting(world, 0)
    for _ in range(5):
        assert (await world.ask("GET", "/v1/events")).body == b"1"
    assert len(world["events"].heard) == 2


async def test_nobody_waits_long_for_a_service_that_hangs_while_an_old_answer_is_at_hand(
    world: World, clock: FrozenClock
) -> None:
    numbered(world)
    await world.ask("GET", "/v1/prompt")
    Held(world, answer(b"never"))
    clock.advance(timedelta(seconds=20))
    async with asyncio.timeout(5):  # the row would wait for 10
        assert (await world.ask("GET", "/v1/prompt")).body == b"1"


async def test_without_an_answer_at_hand_a_service_that_hangs_is_a_504(world: World) -> None:
    Held(world, answer(b"never"))
    refused = await world.ask("GET", "/v1/hasty")
    assert (refused.status, refused.code) == (504, "gateway.deadline_passed")
