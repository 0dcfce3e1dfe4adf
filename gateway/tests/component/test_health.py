"""How the whole is: every service asked side by side, nobody waited for, nothing told that is nobody's business."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.health import Health, read_readiness
from gateway.routes import SERVICES
from gateway.testing import FakeIdentity, FakeService, RunGateway, World, holds, json_answer
from gateway.testing.wire import Heard
from gateway.upstream import Pool

READY: dict[str, Any] = {
    "service": "x",
    "status": "ready",
    "dependencies": {
        "database": {"status": "ok", "detail": None},
        "outbox": {"status": "ok", "detail": "0.4 s"},
        "nats": {"status": "ok", "detail": None},
    },
    "outboxOldestUnsentSeconds": 0.44,
    "outboxSetAside": 1,
    "deadLetters": 2,
    "consumerLag": {"x-from-events": 7},
    "drift": ["consumer x-from-events: ack_wait is 1, should be 30"],
}


async def hang(_: Heard) -> bytes:
    await asyncio.Event().wait()
    return b""


@pytest.fixture
async def healthy(world: World) -> World:
    for service in world.services.values():
        service.reply = lambda _: json_answer(READY)
    world.identity.reply, world.identity.other = world.identity.tell, lambda _: json_answer(READY)
    return world


async def test_states_and_counts_are_told_and_no_words_of_the_services(healthy: World) -> None:
    healthy["dp"].reply = lambda _: json_answer(
        READY | {"dependencies": {"database": {"status": "away", "detail": "OperationalError at 10.0.0.7"}}}
    )
    answer = await healthy.ask("GET", "/health")
    assert answer.json()["services"]["wallet"] == {
        "status": "ready",
        "dependencies": {"database": {"status": "ok"}, "outbox": {"status": "ok"}, "nats": {"status": "ok"}},
        "outboxOldestUnsentSeconds": 0.4,
        "outboxSetAside": 1,
        "deadLetters": 2,
        "consumerLag": {"x-from-events": 7},
        "drift": 1,
    }
    assert b"10.0.0.7" not in answer.body and b"ack_wait" not in answer.body


async def test_a_service_that_hangs_is_away_within_a_second_and_makes_nothing_slower(healthy: World) -> None:
    healthy["dp"].reply = healthy["wallet"].reply = hang
    began = asyncio.get_running_loop().time()
    answer = await healthy.ask("GET", "/health")
    assert asyncio.get_running_loop().time() - began < 1.5
    states = {name: told["status"] for name, told in answer.json()["services"].items()}
    assert states == dict.fromkeys(SERVICES, "ready") | {"dp": "away", "wallet": "away"}
    assert (answer.status, answer.json()["status"]) == (503, "degraded")
    assert answer.json()["services"]["dp"] == {"status": "away"}


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (READY | {"status": "unready"}, "unready"),
        (READY | {"status": "degraded"}, "degraded"),
        (READY | {"status": "splendid"}, "away"),
        (READY | {"status": ["ready"]}, "away"),
        ({}, "away"),
        ([], "away"),
        ("ready", "away"),
    ],
)
async def test_what_a_service_says_is_read_and_not_believed(healthy: World, told: Any, status: str) -> None:
    healthy["dp"].reply = lambda _: json_answer(told, "503 Service Unavailable")
    answer = await healthy.ask("GET", "/health")
    assert (answer.status, answer.json()["services"]["dp"]["status"]) == (503, status)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff"], ids=["nothing", "half", "a well", "no text"])
async def test_nonsense_is_no_health(healthy: World, body: bytes) -> None:
    healthy["dp"].reply = lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    assert (await healthy.ask("GET", "/health")).json()["services"]["dp"] == {"status": "away"}


def test_figures_that_are_none_are_left_out() -> None:
    told = {
        "status": "ready",
        "dependencies": {
            "database": {"status": "<b>"},
            "nats": "ok",
            "queue": {"status": ["ok"]},
            "outbox": {"status": "late"},
        },
        "outboxOldestUnsentSeconds": -1,
        "outboxSetAside": True,
        "deadLetters": "many",
        "consumerLag": {"a": -1, "b": 2, "c": None},
        "drift": "everywhere",
    }
    health = read_readiness(told)
    assert health.told() == {
        "status": "ready",
        "dependencies": {"outbox": {"status": "late"}},
        "consumerLag": {"b": 2},
    }
    endless = json.loads('{"status": "ready", "outboxOldestUnsentSeconds": Infinity}')
    assert read_readiness(endless).outbox_oldest_unsent_seconds is None
    beyond = {
        "status": "ready",
        "outboxOldestUnsentSeconds": 10**400,
        "deadLetters": 2**53,
        "outboxSetAside": 2**53 - 1,
    }
    assert read_readiness(beyond).told() == {"status": "ready", "dependencies": {}, "outboxSetAside": 2**53 - 1}
    many = {"status": "ready", "consumerLag": {f"{number}{'x' * 100}": 1 for number in range(1_000)}}
    lag = read_readiness(many).consumer_lag
    assert lag is not None and len(lag) == 50 and {len(name) for name in lag} == {60}


async def test_no_figure_and_no_name_of_one_service_takes_the_page_away(healthy: World) -> None:
    """Neither a number no float holds nor half a character, which JSON may name and no text holds."""
    odd = b'{"status":"ready","outboxOldestUnsentSeconds":1%b,"dependencies":{"\\ud800":{"status":"ok"}},"consumerLag":{"\\udfff":1}}'
    body = odd % (b"0" * 400)
    healthy["dp"].reply = lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    page, told = await healthy.ask("GET", "/status"), await healthy.ask("GET", "/status.json")
    assert (page.status, told.status) == (200, 200)
    assert told.json()["services"]["dp"]["dependencies"] == {"?": {"status": "ok"}}
    assert (await healthy.ask("GET", "/health")).status == 200


async def test_many_who_ask_share_one_round_of_questions(healthy: World) -> None:
    gate = asyncio.Event()

    async def wait(_: Heard) -> bytes:
        await gate.wait()
        return json_answer(READY)

    healthy["dp"].reply = wait
    asking = [asyncio.create_task(healthy.ask("GET", "/health")) for _ in range(50)]
    await holds(lambda: len(healthy["dp"].heard) == 1, "the question")
    gate.set()
    answers = await asyncio.gather(*asking)
    assert {answer.status for answer in answers} == {200}
    assert [len(healthy[name].heard) for name in ("dp", "wallet", "events")] == [1, 1, 1]


@pytest.fixture
async def one() -> AsyncIterator[FakeService]:
    service = FakeService()
    await service.start()
    service.reply = lambda _: json_answer(READY)
    yield service
    await service.stop()


async def test_a_round_is_good_for_a_second(one: FakeService) -> None:
    now = 100.0
    pool = Pool("dp", [one.url])
    health = Health({"dp": pool}, lambda: now)
    first = await health.look()
    now = 100.9
    assert await health.look() is first
    now = 101.0
    assert await health.look() is not first
    assert len(one.heard) == 2
    pool.close()


async def test_a_caller_that_leaves_takes_nobodys_answer_along(one: FakeService) -> None:
    gate = asyncio.Event()

    async def wait(_: Heard) -> bytes:
        await gate.wait()
        return json_answer(READY)

    one.reply = wait
    pool = Pool("dp", [one.url])
    health = Health({"dp": pool}, lambda: 100.0)
    leaving, staying = asyncio.create_task(health.look()), asyncio.create_task(health.look())
    await holds(lambda: len(one.heard) == 1, "the question")
    leaving.cancel()
    gate.set()
    assert (await staying).status == "ready"
    pool.close()


async def test_readiness_goes_red_when_no_service_can_do_its_work_and_comes_back_with_the_first(
    healthy: World,
) -> None:
    """The gateway has nothing useful to serve then; before anyone has looked it is given the benefit of the doubt."""
    for name in SERVICES:
        if name != "identity":
            await healthy[name].stop()
    unready = json_answer(READY | {"status": "unready"}, "503 Service Unavailable")
    healthy.identity.other = lambda _: unready
    assert (await healthy.ask("GET", "/readyz")).status == 200
    await healthy.built.status.watch()
    red = await healthy.ask("GET", "/readyz")
    assert (red.status, red.json()["status"]) == (503, "unready")
    assert red.json()["dependencies"] == {"identityKeys": True, "accepting": True, "services": False}
    assert (await healthy.ask("GET", "/healthz")).status == 200
    await healthy["releases"].start()
    await asyncio.wait_for(_until_ready(healthy), 10)


async def _until_ready(world: World) -> None:
    while (await world.ask("GET", "/readyz")).status != 200:
        await world.built.status.watch()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("later", "anyone"), [(0.0, False), (15.0, False), (15.1, True)])
async def test_what_was_seen_long_ago_takes_no_gateway_out_of_service(
    one: FakeService, later: float, anyone: bool
) -> None:
    now = 100.0
    await one.stop()
    pool = Pool("dp", [one.url])
    health = Health({"dp": pool}, lambda: now)
    await health.look()
    now += later
    assert health.anyone is anyone
    pool.close()


async def test_without_identitys_keys_a_gateway_is_not_ready(run: RunGateway) -> None:
    identity = FakeIdentity()
    identity.jwks = '"nonsense"'
    async with run(identity=identity) as world:
        answer = await world.ask("GET", "/readyz")
        assert (answer.status, answer.json()["dependencies"]["identityKeys"]) == (503, False)


async def test_readiness_asks_nobody(healthy: World) -> None:
    healthy["dp"].reply = hang
    for _ in range(3):
        assert (await healthy.ask("GET", "/readyz")).status == 200
    assert (await healthy.ask("GET", "/healthz")).json() == {"status": "alive"}
    assert [len(healthy[name].heard) for name in SERVICES if name != "identity"] == [0] * 5


async def test_a_gateway_looks_by_itself_and_keeps_what_it_saw(run: RunGateway) -> None:
    async with run(watch_seconds=0.05) as world:
        await holds(lambda: len(world.built.status.history.of("dp")) >= 2, "two looks")
        assert set(world.built.status.history.of("dp")) == {"ready"}
