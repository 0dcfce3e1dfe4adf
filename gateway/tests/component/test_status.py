"""The page for people: what is so, in words, without a script, a colour or a secret."""

import html
import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import pytest

from gateway.routes import SERVICES
from gateway.status.history import KEPT, History
from gateway.status.words import NAMES, WITHOUT, duration
from gateway.testing import RunGateway, World, holds, json_answer

WELL: dict[str, Any] = {
    "service": "x",
    "status": "ready",
    "dependencies": {"database": {"status": "ok"}, "outbox": {"status": "ok"}, "nats": {"status": "ok"}},
    "outboxSetAside": 0,
    "deadLetters": 0,
    "consumerLag": {"x-from-events": 0},
    "drift": [],
}


@pytest.fixture
async def well(run: RunGateway) -> AsyncIterator[World]:
    """A gateway among services that are well."""
    async with run() as world:
        await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the lease and the keys")
        for service in SERVICES:
            say(world, service, WELL)
        world.built.policies.heard = True
        yield world


def say(world: World, service: str, readiness: dict[str, Any]) -> None:
    answer = json_answer(readiness)
    if service == "identity":
        world.identity.other = lambda _: answer
    else:
        world[service].reply = lambda _: answer


async def seen(world: World) -> str:
    answer = await world.ask("GET", "/status")
    assert (answer.status, answer.one("content-type")) == (200, "text/html; charset=utf-8")
    assert answer.one("cache-control") == "no-store"
    return answer.body.decode()


def part(page: str, name: str) -> str:
    """The words of one part of the page."""
    found = re.search(rf'data-part="{name}".*?(?=data-part=|</main>)', page, re.DOTALL)
    assert found is not None
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[0])).split())


async def test_when_all_is_well_the_page_says_so(well: World) -> None:
    page = await seen(well)
    assert "Everything works." in part(page, "verdict")
    for service in SERVICES:
        words = part(page, service)
        assert NAMES[service] in words and "✓ Works" in words
        assert "Database works Outbox empty Message broker works Dead letters none Waiting to be heard none" in words
    gateway = part(page, "gateway")
    assert "Requests accepted" in gateway and "Sign-ins remembered" in gateway and "Version 0.1.0" in gateway


async def test_each_kind_of_trouble_is_named_where_it_is(well: World) -> None:
    say(well, "commerce", WELL | {"deadLetters": 1204, "outboxSetAside": 1, "drift": ["secret-host differs"] * 2})
    late = {"database": {"status": "ok"}, "outbox": {"status": "late"}, "nats": {"status": "away"}}
    degraded = {"status": "degraded", "dependencies": late, "outboxOldestUnsentSeconds": 200, "consumerLag": None}
    say(well, "events", WELL | degraded)
    say(well, "dp", WELL | {"status": "unready", "dependencies": {"database": {"status": "away"}}})
    say(well, "releases", WELL | {"consumerLag": {"releases-from-events": 12, "releases-from-dp": 0}})
    await well["wallet"].stop()
    page = await seen(well)
    assert "Some services do not work." in part(page, "verdict")
    assert "Display pictures · Wallet passes" in part(page, "verdict")
    assert "Set aside ! 1 message Dead letters ! 1,204" in part(page, "commerce")
    assert "Broker differs ! in 2 places" in part(page, "commerce")
    assert "secret-host" not in page
    events = part(page, "events")
    assert "! Limited" in events and "Message broker ✕ away" in events
    assert "Outbox ! oldest message waits 3 min" in events and "Waiting to be heard ! not known" in events
    assert "✕ Not ready" in part(page, "dp") and WITHOUT["dp"] in part(page, "dp")
    assert "Database ✕ away" in part(page, "dp")
    assert "✕ No answer" in part(page, "wallet") and "Dead letters" not in part(page, "wallet")
    assert "12 from events" in part(page, "releases")


@pytest.mark.parametrize(
    ("readiness", "verdict"),
    [
        (WELL | {"deadLetters": 1}, "Everything works. 1 thing below waits for a person."),
        (WELL | {"deadLetters": 1, "outboxSetAside": 2}, "Everything works. 3 things below wait for a person."),
        (WELL | {"status": "degraded"}, "Some services are limited. Display pictures"),
        (WELL | {"status": "unready"}, "Some services do not work. Without a usable answer: Display pictures."),
    ],
)
async def test_the_verdict_is_the_worst_that_is_so(well: World, readiness: dict[str, Any], verdict: str) -> None:
    say(well, "dp", readiness)
    assert verdict in part(await seen(well), "verdict")


async def test_without_any_service_the_page_still_comes_and_says_so(well: World) -> None:
    for service in SERVICES:
        await well[service].stop()
    page = await seen(well)
    assert "No service answers." in part(page, "verdict")
    await holds(lambda: not well.built.cache.leased, "the lease's end")
    assert "looked up one by one" in part(await seen(well), "gateway")


async def test_a_service_taken_for_away_is_told_as_not_asked(well: World) -> None:
    await well["dp"].stop()
    for _ in range(6):
        await well.ask("GET", "/v1/dp/dps/x/image")
    assert "not asked until it answers again" in part(await seen(well), "dp")
    road = (await well.ask("GET", "/status.json")).json()["services"]["dp"]["road"]
    assert road == {"open": False, "replicas": 1, "asked": 1, "underWay": 0}


async def test_programs_get_the_same_in_json(well: World) -> None:
    say(well, "dp", WELL | {"deadLetters": 2})
    answer = await well.ask("GET", "/status.json")
    told = answer.json()
    assert (answer.status, told["status"]) == (200, "limited")
    assert told["services"]["dp"] == {
        "status": "ready",
        "dependencies": {"database": {"status": "ok"}, "outbox": {"status": "ok"}, "nats": {"status": "ok"}},
        "outboxSetAside": 0,
        "deadLetters": 2,
        "consumerLag": {"x-from-events": 0},
        "drift": 0,
        "road": {"open": True, "replicas": 1, "asked": 1, "underWay": 0},
        "past": [],
    }
    assert (told["gateway"]["requestsUnderWay"], told["gateway"]["version"]) == (1, "0.1.0")
    assert [fact["mood"] for fact in told["gateway"]["facts"] if fact["name"] == "Requests"] == ["good"]


async def test_neither_tells_an_address_a_port_or_what_a_service_said_in_words(well: World) -> None:
    say(well, "dp", WELL | {"dependencies": {"database": {"status": "away", "detail": "host db-7.internal"}}})
    for path in ("/status", "/status.json", "/health"):
        text = (await well.ask("GET", path)).body.decode()
        assert "127.0.0.1" not in text and "db-7" not in text
        assert not any(str(well[service].port) in text for service in SERVICES)


async def test_what_a_service_names_is_text_on_the_page(well: World) -> None:
    odd = {"<script>x</script>": {"status": "ok"}}
    say(well, "dp", WELL | {"dependencies": odd, "consumerLag": {"dp-from-<b>": 3}})
    page = await seen(well)
    assert "<script>x" not in page and "<b>" not in page
    assert "3 from <b>" in part(page, "dp")


class Tags(HTMLParser):
    """Which elements there are, with what attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def test_the_page_needs_no_script_and_holds_no_code(well: World) -> None:
    await well.built.status.watch()
    tags = Tags()
    tags.feed(await seen(well))
    scripts = [attributes for tag, attributes in tags.found if tag == "script"]
    assert scripts == [{"src": "/assets/lanyard.js", "defer": None}]
    assert all(
        "style" not in attributes and not any(name.startswith("on") for name in attributes)
        for _, attributes in tags.found
    )
    assert ("meta", {"http-equiv": "refresh", "content": "15"}) in tags.found
    ids = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    pictures = [attributes for tag, attributes in tags.found if tag == "svg"]
    assert len(pictures) == len(SERVICES)
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in pictures)


async def test_the_last_minutes_are_drawn_the_worse_the_higher(run: RunGateway) -> None:
    async with run(watch_seconds=60) as world:
        await holds(lambda: len(world.built.status.history.of("dp")) == 1, "its first look")
        for state in ("ready", "ready", "degraded", "away"):
            world.built.status.history.add({"dp": state})
        page = await seen(world)
    found = re.search(r'data-part="dp".*?</svg>', page, re.DOTALL)
    assert found is not None
    bars = re.findall(r'class="(\w+)" fill="currentColor" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', found[0])
    assert bars[-3:] == [("good", "115", "6", "3", "4"), ("warn", "118", "3", "1", "7"), ("bad", "119", "0", "1", "10")]
    assert re.search(r'aria-label="The last 5 min: fully well 60 % of the time"', found[0])


def test_the_past_is_bounded() -> None:
    history = History()
    for number in range(KEPT + 5):
        history.add({"dp": str(number)})
    assert history.of("dp") == tuple(str(number) for number in range(5, KEPT + 5))
    assert history.of("wallet") == ()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (200_000, "2 days")],
)
def test_times_are_told_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


async def test_a_head_request_gets_no_page(well: World) -> None:
    answer = await well.ask("HEAD", "/status")
    assert (answer.status, answer.body) == (200, b"")
    refused = await well.ask("POST", "/status", body=b"")
    assert (refused.status, refused.one("allow")) == (405, "GET, HEAD")
    assert json.loads((await well.ask("GET", "/status.json")).body)["services"].keys() == set(SERVICES)
