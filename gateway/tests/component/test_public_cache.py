"""Public reads from memory: one request for many callers, old answers while new ones come, nothing of one caller for another."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from common.testing.clock import FrozenClock
from common.testing.waiting import eventually
from gateway.routes import EVENTS, PUBLIC
from gateway.routing import Cache, Row
from gateway.testing import Heard, RunGateway, World, holds
from gateway.testing.wire import Answer

KEPT = Cache(fresh=10, stale=20, away=300)
LIST = Row("GET", "/v1/events", EVENTS, PUBLIC("published ones", knows_caller=True), cache=KEPT)
OPEN = Row("GET", "/v1/open", EVENTS, PUBLIC("a token is not looked at"), cache=KEPT)
VARIED = Row("GET", "/v1/varied", EVENTS, PUBLIC("by language"), cache=Cache(10, varies=(b"accept-language",)))
HASTY = Row("GET", "/v1/hasty", EVENTS, PUBLIC("with a short timeout"), timeout=0.2, cache=KEPT)
PROMPT = Row("GET", "/v1/prompt", EVENTS, PUBLIC("never stale"), cache=Cache(fresh=10, away=60))
ROWS = (LIST, OPEN, VARIED, HASTY, PROMPT)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.now(UTC))


@pytest.fixture
async def world(run: RunGateway, clock: FrozenClock) -> AsyncIterator[World]:
    async with run(rows=ROWS, clock=clock) as started:
        await holds(lambda: started.built.tokens.ready and started.built.cache.leased, "identity")
        yield started


def answer(body: bytes = b"{}", *lines: str, status: str = "200 OK") -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"content-length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


def numbered(world: World, *lines: str, status: str = "200 OK") -> None:
    """Answer each request with its number."""
    world["events"].reply = lambda _: answer(b"%d" % len(world["events"].heard), *lines, status=status)


def told(answer: Answer) -> tuple[bytes, str, list[str]]:
    return answer.body, answer.one("cache-status"), answer.all("age")


async def waiting(world: World, callers: int) -> None:
    """Until so many requests are under way, the one that asks not counted."""

    async def asked() -> bool:
        text = (await world.ask("GET", "/metrics")).body.decode()
        found = re.search(r"^lanyard_gateway_requests_under_way ([0-9.]+)$", text, re.MULTILINE)
        assert found is not None
        return float(found[1]) == callers + 1

    await eventually(asked, what=f"{callers} callers who wait")


class Held:
    """Answers that are kept back until they are let go."""

    def __init__(self, world: World, *answers: bytes) -> None:
        self._answers = list(answers)
        self.released = asyncio.Event()
        world["events"].reply = self.reply

    async def reply(self, _: Heard) -> bytes:
        await self.released.wait()
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


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


# --- one for many


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


# --- nothing of one caller for another


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


# --- bounds


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


# --- tags, HEAD, and what is told


async def test_an_answer_without_a_tag_gets_a_strong_one_and_a_match_is_a_304_without_a_body(world: World) -> None:
    """Scenario 13."""
    world["events"].reply = lambda _: answer(b"[]", "content-type: application/json", "cache-control: max-age=5")
    first = await world.ask("GET", "/v1/events")
    tag = first.one("etag")
    assert tag.startswith('"') and len(tag) == 34
    for asked in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await world.ask("GET", "/v1/events", {"if-none-match": asked})
        assert (same.status, same.body, same.one("etag")) == (304, b"", tag)
        assert same.one("cache-control") == "max-age=5"
        assert (same.one("age"), same.one("cache-status")) == ("0", "lanyard; hit; ttl=5")
        assert sorted(same.all("vary")) == sorted(first.all("vary"))
        assert same.all("content-length") == same.all("content-type") == same.all("transfer-encoding") == []
    changed = await world.ask("GET", "/v1/events", {"if-none-match": '"other"'})
    assert (changed.status, changed.body) == (200, b"[]")
    assert len(world["events"].heard) == 1


async def test_a_304_leaves_the_connection_fit_for_the_next_request(world: World) -> None:
    numbered(world)
    await world.ask("GET", "/v1/events")
    one = b"GET /v1/events HTTP/1.1\r\nhost: a\r\nif-none-match: *\r\n\r\n"
    other = b"GET /v1/events HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    assert [(each.status, each.body) for each in await world.raw(one + other)] == [(304, b""), (200, b"1")]


async def test_the_tag_of_the_service_is_kept(world: World) -> None:
    world["events"].reply = lambda _: answer(b"[]", 'etag: "7"')
    first = await world.ask("GET", "/v1/events")
    same = await world.ask("GET", "/v1/events", {"if-none-match": '"7"'})
    assert (first.one("etag"), same.status) == ('"7"', 304)
    assert len(world["events"].heard) == 1


async def test_head_is_answered_from_what_get_has_kept_and_the_other_way_round(world: World) -> None:
    world["events"].reply = lambda _: answer(b"[1]", "content-type: application/json")
    head = await world.ask("HEAD", "/v1/events")
    got = await world.ask("GET", "/v1/events")
    again = await world.ask("HEAD", "/v1/events")
    assert [heard.method for heard in world["events"].heard] == ["GET"]
    assert (head.status, head.body, got.body) == (200, b"", b"[1]")
    for name in ("content-length", "content-type", "etag"):
        assert head.one(name) == got.one(name) == again.one(name)
    same = await world.ask("HEAD", "/v1/events", {"if-none-match": got.one("etag")})
    assert same.status == 304


async def test_what_belongs_to_one_request_is_not_kept(world: World) -> None:
    world["events"].reply = lambda _: answer(
        b"[]", "x-request-id: theirs", "age: 99", "server: x", "date: then", "link: </a>; rel=next", "x-kept: yes"
    )
    for _ in range(2):
        seen = await world.ask("GET", "/v1/events")
        assert (seen.one("link"), seen.one("x-kept")) == ("</a>; rel=next", "yes")
        assert len(seen.one("x-request-id")) == 32
        assert "theirs" not in str(seen.headers) and "then" not in seen.all("date") and "99" not in seen.all("age")


async def test_an_answer_that_a_sign_in_would_change_says_so_to_browsers(world: World) -> None:
    numbered(world)
    assert "authorization" in (await world.ask("GET", "/v1/events")).all("vary")
    assert "authorization" not in (await world.ask("GET", "/v1/open")).all("vary")


async def test_a_kept_answer_is_compressed_for_those_who_take_it_and_plain_for_the_others(world: World) -> None:
    body = b'{"name":"Lagos Nights"}' * 1000
    world["events"].reply = lambda _: answer(body, "content-type: application/json", 'etag: "7"')
    plain = await world.ask("GET", "/v1/events")
    small = await world.ask("GET", "/v1/events", {"accept-encoding": "gzip"})
    assert (plain.body, plain.one("etag"), plain.all("content-encoding")) == (body, '"7"', [])
    assert (small.one("etag"), small.one("content-encoding")) == ('W/"7"', "gzip")
    assert "accept-encoding" in plain.all("vary") and "accept-encoding" in small.all("vary")
    assert len(small.body) == int(small.one("content-length")) < 1000
    same = await world.ask("GET", "/v1/events", {"accept-encoding": "gzip", "if-none-match": small.one("etag")})
    assert (same.status, same.one("etag"), same.all("content-encoding")) == (304, 'W/"7"', [])
    head = await world.ask("HEAD", "/v1/events", {"accept-encoding": "gzip"})
    assert head.one("content-length") == small.one("content-length")
    assert len(world["events"].heard) == 1


async def test_without_a_cache_on_its_row_every_request_goes_on(run: RunGateway) -> None:
    async with run(rows=(replace(LIST, cache=None),)) as world:
        numbered(world)
        assert [(await world.ask("GET", "/v1/events")).body for _ in range(2)] == [b"1", b"2"]
