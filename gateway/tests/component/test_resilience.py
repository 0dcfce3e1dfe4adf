"""What callers see of services with several replicas, some of them bad: through the whole gateway."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.routes import SERVICES
from gateway.routing import Public, Row
from gateway.testing import OK, FakeIdentity, FakeService, Heard, World, holds, start_gateway
from gateway.testing.links import replicas_of
from gateway.testing.wire import read_head

OPEN = Public("a test of resilience")
ROWS = (
    Row("GET", "/v1/usual", "events", OPEN),
    Row("POST", "/v1/usual", "events", OPEN),
    Row("POST", "/v1/keyed", "events", OPEN, key_needed=True),
    Row("GET", "/v1/hedged", "events", OPEN, hedge=True),
    Row("GET", "/v1/quick", "events", OPEN, timeout=0.3),
)
KEY = {"idempotency-key": "01J-x"}


@asynccontextmanager
async def world_of(*replicas: FakeService) -> AsyncIterator[World]:
    """A gateway in front of these replicas of one service."""
    identity = FakeIdentity()
    await identity.start()
    await identity.stop()
    upstreams = {name: [identity.url] for name in SERVICES} | {"events": [replica.url for replica in replicas]}
    async with start_gateway(rows=ROWS, identity=identity, upstreams=upstreams) as world:
        yield world


async def figures(world: World) -> dict[str, float]:
    """What the metrics say of services."""
    text = (await world.ask("GET", "/metrics")).body.decode()
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("lanyard_gateway_upstream_")]
    return {name.removeprefix("lanyard_gateway_upstream_"): float(value) for name, value in lines}


def breaks(service: FakeService) -> list[str]:
    """Let a replica take requests and close without a byte."""
    taken: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, _ = await read_head(reader)
        taken.append(first)

    service.on_connection = serve
    return taken


async def hangs(_: Heard) -> bytes:
    await asyncio.Event().wait()
    return OK


async def errs(_: Heard) -> bytes:
    return b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize("reply", [errs, hangs], ids=["answers 500", "hangs"])
async def test_with_one_bad_replica_of_three_the_share_of_errors_falls_to_nothing_within_seconds(
    reply: object,
) -> None:
    """Scenario 10."""
    async with replicas_of(3) as services, world_of(*services) as world:
        services[0].reply = reply  # type: ignore[assignment]
        bad = world.built.pools["events"].replicas.all[0]
        loop = asyncio.get_running_loop()
        began, seen = loop.time(), Counter[int]()

        async def some() -> None:
            while bad.standing.aside_until is None and loop.time() - began < 5:
                seen[(await world.ask("GET", "/v1/usual")).status] += 1

        await asyncio.gather(*(some() for _ in range(4)))
        assert seen[500] <= 8
        assert set(seen) <= {200, 500}
        later = Counter([(await world.ask("GET", "/v1/usual")).status for _ in range(200)])
        assert later == {200: 200}
        told = await figures(world)
        assert told['put_aside{replica="1",service="events"}'] == 1
        assert told['ejections_total{replica="1",service="events"}'] >= 1
        services[0].reply = lambda _: OK
        await holds(lambda: bad.standing.aside_until is None, "its return")
        heard = len(services[0].heard)
        for _ in range(9):
            assert (await world.ask("GET", "/v1/usual")).status == 200
        assert len(services[0].heard) == heard + 3


async def test_a_service_that_is_away_is_told_at_once_and_without_asking_it_each_time() -> None:
    async with replicas_of(1) as services, world_of(*services) as world:
        services[0].reply = hangs
        for _ in range(5):
            assert (await world.ask("GET", "/v1/quick")).code == "gateway.deadline_passed"
        heard = len(services[0].heard)
        answer = await asyncio.wait_for(world.ask("POST", "/v1/usual", body=b"{}"), 0.3)
        assert (answer.status, answer.code, answer.one("retry-after")) == (503, "gateway.service_away", "1")
        assert len(services[0].heard) == heard
        assert (await figures(world))['breaker_open{service="events"}'] == 1
        services[0].reply = lambda _: OK
        await holds(lambda: world.built.pools["events"].breaker.open_until is None, "its return")
        assert (await world.ask("GET", "/v1/quick")).status == 200
        assert (await figures(world))['breaker_open{service="events"}'] == 0


async def test_only_what_carries_the_key_its_route_demands_is_a_write_that_is_sent_again() -> None:
    """Scenario 9."""
    async with replicas_of(2) as services, world_of(*services) as world:
        taken = breaks(services[0])
        statuses = [(await world.ask("POST", "/v1/usual", KEY, b"{}")).status for _ in range(2)]
        assert sorted(statuses) == [200, 502]
        statuses = [(await world.ask("POST", "/v1/keyed", KEY, b"{}")).status for _ in range(2)]
        assert statuses == [200, 200]
        again = taken.count("POST /v1/keyed HTTP/1.1")
        assert taken == ["POST /v1/usual HTTP/1.1", *["POST /v1/keyed HTTP/1.1"] * again]
        assert [heard.target for heard in services[1].heard] == ["/v1/usual", "/v1/keyed", "/v1/keyed"]
        assert [heard.one("idempotency-key") for heard in services[1].heard] == ["01J-x"] * 3
        told = await figures(world)
        assert told['retries_total{cause="broken",service="events"}'] == again > 0
        assert told['no_retry_total{cause="method",service="events"}'] == 1
        assert told['requests_total{service="events"}'] == 4


async def test_a_service_hears_how_long_anybody_waits_and_no_client_can_say_so() -> None:
    async with replicas_of(1) as services, world_of(*services) as world:
        await world.ask("GET", "/v1/usual", {"X-Lanyard-Deadline-Ms": "1", "x_lanyard_deadline_ms": "2"})
        await world.ask("GET", "/v1/quick")
        usual, quick = (int(heard.one("x-lanyard-deadline-ms")) for heard in services[0].heard)
        assert 9000 < usual <= 10_000
        assert 100 < quick <= 300


async def test_a_hedged_route_gets_its_answer_from_another_replica_when_one_is_slow() -> None:
    """Scenario 11."""
    async with replicas_of(2) as services, world_of(*services) as world:
        for _ in range(100):
            assert (await world.ask("GET", "/v1/hedged")).status == 200
        services[0].reply = hangs
        for _ in range(2):
            assert (await asyncio.wait_for(world.ask("GET", "/v1/hedged"), 1)).status == 200
        assert (await figures(world))['hedges_won_total{service="events"}'] >= 1
