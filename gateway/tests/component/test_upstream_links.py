"""Links that are slow, broken or dead: nobody waits longer than was granted, and all is well once they are."""

import asyncio

import pytest

from gateway.testing import OK, Heard, holds
from gateway.testing.links import Link, ask, pool_of, replicas_of
from gateway.upstream import Pool, Unreachable
from gateway.upstream.failures import Failure

GRANTED, GRACE = 0.4, 0.1
LONG_HEAD = b"HTTP/1.1 200 OK\r\nx-long: " + b"a" * 2000 + b"\r\ncontent-length: 2\r\n\r\n{}"


async def excess(pool: Pool, method: str) -> tuple[float, object]:
    """By how many seconds one request passed its deadline, and how it ended."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        ended: object = await ask(pool, method, seconds=GRANTED)
    except Failure as failure:
        ended = failure.cause
    return loop.time() - began - GRANTED, ended


@pytest.mark.parametrize("opened_before", [False, True], ids=["new connections", "connections in use"])
@pytest.mark.parametrize("toxic", ["latency", "reset", "half-open", "1 kB/s", "refused"])
async def test_a_bad_link_costs_nobody_more_time_than_granted_and_is_forgotten_once_it_is_well(
    toxic: str, opened_before: bool
) -> None:
    """Scenario 42."""
    async with replicas_of(1) as services, Link(services[0]) as link, pool_of(link) as pool:
        services[0].reply = lambda _: LONG_HEAD
        if opened_before:
            assert await asyncio.gather(*(ask(pool) for _ in range(6))) == [200] * 6
        make(link, toxic)
        if toxic == "refused":
            await services[0].stop()
        ends = await asyncio.gather(*(excess(pool, method) for method in ("GET", "POST") * 6))
        assert max(late for late, _ in ends) < GRACE
        assert not any(ended == 200 for _, ended in ends)
        make(link, "none")
        await services[0].start() if toxic == "refused" else None
        await holds(lambda: pool.breaker.open_until is None, "the service to be taken for well")
        assert await asyncio.gather(*(ask(pool, seconds=2.0) for _ in range(6))) == [200] * 6
        assert pool.taken == 0


async def test_a_link_that_dies_under_one_of_two_replicas_fails_no_read() -> None:
    """Scenario 42: half-open, found out by asking."""
    async with replicas_of(2) as services, Link(services[0]) as link, pool_of(link, services[1]) as pool:
        assert await asyncio.gather(*(ask(pool) for _ in range(40))) == [200] * 40
        link.swallows = True
        assert await asyncio.gather(*(ask(pool, seconds=3.0) for _ in range(8))) == [200] * 8
        assert pool.replicas.asked == [pool.replicas.all[1]]
        link.swallows = False
        await holds(lambda: len(pool.replicas.asked) == 2, "its return")


def make(link: Link, toxic: str) -> None:
    link.latency = 2.0 if toxic == "latency" else 0.0
    link.resets = toxic == "reset"
    link.swallows = toxic == "half-open"
    link.bytes_per_second = 1000 if toxic == "1 kB/s" else None


async def hangs(_: Heard) -> bytes:
    await asyncio.Event().wait()
    return OK


async def test_a_full_service_lets_a_few_wait_and_refuses_the_others_at_once() -> None:
    async with replicas_of(1) as services, pool_of(*services, most=2, queue=3) as pool:
        release = asyncio.Event()

        async def when_told(_: Heard) -> bytes:
            await release.wait()
            return OK

        services[0].reply = when_told
        asking = [asyncio.create_task(ask(pool)) for _ in range(5)]
        await holds(lambda: (len(services[0].heard), pool.places.waiting) == (2, 3), "a full service")
        began = asyncio.get_running_loop().time()
        for _ in range(20):
            with pytest.raises(Unreachable):
                await ask(pool)
        assert asyncio.get_running_loop().time() - began < 1
        assert pool.turned_away == 20
        assert services[0].connections == 2
        release.set()
        assert await asyncio.gather(*asking) == [200] * 5
        assert (pool.taken, pool.places.waiting, services[0].connections) == (0, 0, 2)


async def test_nobody_waits_for_a_place_longer_than_half_the_time_there_is() -> None:
    async with replicas_of(1) as services, pool_of(*services, most=1) as pool:
        services[0].reply = hangs
        first = asyncio.create_task(ask(pool, seconds=10.0))
        await holds(lambda: pool.taken == 1, "the first")
        began = asyncio.get_running_loop().time()
        with pytest.raises(Unreachable):
            await ask(pool, seconds=2.0)
        assert 0.9 < asyncio.get_running_loop().time() - began < 2
        with pytest.raises(Unreachable):
            await ask(pool, seconds=0.05)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        services[0].reply = lambda _: OK
        assert await ask(pool) == 200


async def test_a_request_that_waits_and_leaves_takes_no_place_with_it() -> None:
    async with replicas_of(1) as services, pool_of(*services, most=1) as pool:
        services[0].reply = hangs
        first = asyncio.create_task(ask(pool))
        await holds(lambda: len(services[0].heard) == 1, "the first")
        leaving = [asyncio.create_task(ask(pool)) for _ in range(3)]
        await holds(lambda: pool.places.waiting == 3, "three that wait")
        first.cancel()
        for task in leaving:
            task.cancel()
        await asyncio.gather(first, *leaving, return_exceptions=True)
        assert (pool.taken, pool.places.waiting) == (0, 0)


async def test_connections_nobody_needs_are_closed_by_the_gateway_first() -> None:
    async with replicas_of(1) as services, pool_of(*services) as pool:
        await ask(pool)
        (connection,) = pool.replicas.all[0].idle
        connection.idle_since -= 5
        await ask(pool)
        assert services[0].connections == 2
        await holds(lambda: connection.closed, "its end")


async def test_a_place_granted_in_the_moment_of_leaving_is_not_lost() -> None:
    async with replicas_of(1) as services, pool_of(*services, most=1) as pool:
        taken = pool.places.take()
        assert taken is not None
        waiting = asyncio.create_task(pool.places.wait(asyncio.get_running_loop().time() + 5))
        await holds(lambda: pool.places.waiting == 1, "one that waits")
        pool.places.leave(taken)
        assert pool.taken == 1, "the place was granted"
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert pool.taken == 0


async def test_what_one_connection_meets_the_idle_ones_are_spared_only_when_the_replica_was_heard_since() -> None:
    """Scenario 42: after a half-open link the pool does not try its dead connections one by one."""
    async with replicas_of(1) as services, Link(services[0]) as link, pool_of(link) as pool:
        await asyncio.gather(*(ask(pool) for _ in range(6)))
        (replica,) = pool.replicas.all

        async def slow_for_some(heard: Heard) -> bytes:
            return await hangs(heard) if heard.method == "POST" else OK

        services[0].reply = slow_for_some
        late = asyncio.create_task(excess(pool, "POST"))
        await holds(lambda: pool.taken == 1, "the slow one")
        while not late.done():
            await ask(pool)
        assert len(replica.idle) == 5
        link.swallows = True
        assert (await excess(pool, "GET"))[1] == "late"
        assert len(replica.idle) == 0
