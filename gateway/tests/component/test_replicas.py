"""Replicas that fail, err or hang are left alone until they are well again, and a service that is away costs nobody time."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from gateway.testing import OK, FakeService, Heard, holds
from gateway.testing.fakes import Reply
from gateway.testing.links import ask, pool_of, replicas_of
from gateway.upstream import Pool, Unreachable
from gateway.upstream.failures import Failure

ERROR = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"


def errs(_: Heard) -> bytes:
    return ERROR


async def hangs(_: Heard) -> bytes:
    await asyncio.Event().wait()
    return OK


async def outcome(pool: Pool, seconds: float = 5.0) -> int | str:
    try:
        return await ask(pool, seconds=seconds)
    except Failure as failure:
        return str(failure.cause)


async def asked_until(pool: Pool, condition: Callable[[], bool], side_by_side: int = 8) -> Counter[int | str]:
    """Ask without a pause until a condition holds; what came of it."""
    seen: Counter[int | str] = Counter()

    async def go_on() -> None:
        while not condition():
            seen[await outcome(pool)] += 1

    async with asyncio.timeout(15):
        await asyncio.gather(*(go_on() for _ in range(side_by_side)))
    return seen


@pytest.mark.parametrize("reply", [errs, hangs], ids=["answers 500", "hangs"])
async def test_a_bad_replica_is_left_alone_and_returns_by_itself(reply: Reply) -> None:
    """Scenario 10."""
    async with replicas_of(3) as services, pool_of(*services) as pool:
        bad = pool.replicas.all[0]
        services[0].reply = reply
        began = asyncio.get_running_loop().time()
        await asked_until(pool, lambda: bad not in pool.replicas.asked)
        assert asyncio.get_running_loop().time() - began < 5
        assert set(pool.replicas.asked) == set(pool.replicas.all[1:])
        asked_before = visits(services[0])
        seen = Counter([await outcome(pool) for _ in range(500)])
        assert seen == {200: 500}, "an error share of nothing at all"
        assert visits(services[0]) == asked_before
        services[0].reply = lambda _: OK
        await holds(lambda: bad in pool.replicas.asked, "its return")
        await asked_until(pool, lambda: visits(services[0]) > asked_before + 20)


async def test_requests_that_hang_are_answered_by_another_replica_and_only_those_that_may() -> None:
    """Scenario 10: a replica that hangs costs a read nothing but the time it takes to notice."""
    async with replicas_of(3) as services, pool_of(*services) as pool:
        services[0].reply = hangs
        reads = [asyncio.create_task(outcome(pool)) for _ in range(9)]
        writes = [asyncio.create_task(ask(pool, "POST", seconds=3.0)) for _ in range(9)]
        assert await asyncio.gather(*reads) == [200] * 9
        await asyncio.wait(writes, timeout=0.1)
        stuck = [task for task in writes if not task.done()]
        assert len(stuck) == sum(heard.method == "POST" for heard in services[0].heard) == 3
        assert sum(heard.method == "POST" for service in services for heard in service.heard) == 9
        for task in stuck:
            task.cancel()
        await asyncio.gather(*writes, return_exceptions=True)
        assert pool.taken == 0
        assert dict(pool.again.sent) == {"silent": 3}


async def test_a_slow_answer_is_no_reason_to_leave_a_replica_that_is_alive() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        release = asyncio.Event()

        async def slow(heard: Heard) -> bytes:
            if heard.method == "POST":
                await release.wait()
            return OK

        services[0].reply = services[1].reply = slow
        slow_ones = [asyncio.create_task(ask(pool, "POST", seconds=10.0)) for _ in range(2)]
        both = ["/readyz", "/v1/events"]
        await holds(lambda: [sorted({heard.target for heard in each.heard}) for each in services] == [both] * 2, "both")
        assert all(replica.under_way == 1 for replica in pool.replicas.all)
        release.set()
        assert await asyncio.gather(*slow_ones) == [200, 200]
        assert [replica.put_aside for replica in pool.replicas.all] == [0, 0]


async def test_a_replica_that_refuses_connections_is_passed_over_and_then_left_alone() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        await services[0].stop()
        assert [await ask(pool, "POST") for _ in range(4)] == [200] * 4
        assert pool.replicas.asked == [pool.replicas.all[1]]
        assert sum(pool.again.sent.values()) == 1
        await services[0].start()
        await holds(lambda: len(pool.replicas.asked) == 2, "its return")


async def test_a_service_all_of_whose_replicas_are_away_is_not_asked_until_one_is_back() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        for service in services:
            await service.stop()
        for _ in range(5):
            assert await outcome(pool) == "refused"
        assert pool.breaker.open_until is not None
        asked = pool.budget.asked
        with pytest.raises(Unreachable):
            await ask(pool)
        assert pool.budget.asked == asked, "refused before anything was tried"
        await services[1].start()
        await holds(lambda: pool.breaker.open_until is None, "the end of its absence")
        assert await ask(pool) == 200
        assert [heard.target for heard in services[1].heard] == ["/readyz", "/v1/events"]


async def test_a_service_that_hangs_as_a_whole_is_taken_for_away_and_comes_back() -> None:
    async with replicas_of(1) as services, pool_of(*services) as pool:
        services[0].reply = hangs
        assert [await outcome(pool, 0.05) for _ in range(5)] == ["late"] * 5
        began = asyncio.get_running_loop().time()
        assert await outcome(pool) == "refused"
        assert asyncio.get_running_loop().time() - began < 1
        services[0].reply = lambda _: OK
        await holds(lambda: pool.breaker.open_until is None, "the end of its absence")
        assert await ask(pool) == 200


async def test_one_replica_that_breaks_many_requests_at_once_does_not_close_the_whole_service() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        services[0].reply = services[1].reply = hangs
        under_way = [asyncio.create_task(ask(pool, "POST")) for _ in range(40)]
        await holds(lambda: pool.taken == 40 and all(len(service.heard) == 20 for service in services), "40 requests")
        await services[0].stop()
        done, others = await asyncio.wait(under_way, timeout=0.2)
        assert len(done) == 20 and all(isinstance(task.exception(), Failure) for task in done)
        assert pool.breaker.open_until is None
        services[1].reply = lambda _: OK
        assert await ask(pool, "POST") == 200
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def visits(service: FakeService) -> int:
    """Requests, without the gateway's own question whether it is well."""
    return sum(heard.target != "/readyz" for heard in service.heard)
