"""A slow tail in one replica is cut by asking another."""

import asyncio

import pytest

from gateway.routing import Public, Row
from gateway.testing import OK, Heard, holds
from gateway.testing.fakes import Reply
from gateway.testing.links import ask, pool_of, replicas_of
from gateway.upstream import Pool

ROUTE = "/v1/events"
TAIL_SECONDS = 0.1


def slow_each(times: int) -> Reply:
    """So many answers apart, one is slow."""
    count = 0

    async def reply(_: Heard) -> bytes:
        nonlocal count
        count += 1
        if count % times == 0:
            await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=TAIL_SECONDS)
        return OK

    return reply


async def seconds_of(pool: Pool, count: int, hedge: str | None) -> list[float]:
    """How long each of so many requests took, one after the other, sorted."""
    loop, seconds = asyncio.get_running_loop(), []
    for _ in range(count):
        began = loop.time()
        assert await ask(pool, hedge=hedge) == 200
        seconds.append(loop.time() - began)
    return sorted(seconds)


def make_first(pool: Pool, number: int) -> None:
    """Let this replica be asked next."""
    for position, replica in enumerate(pool.replicas.all):
        replica.handicap = int(position != number)


@pytest.mark.parametrize("times", [10, 3], ids=["every tenth answer", "every third answer"])
async def test_the_slow_tail_of_one_replica_is_cut_for_less_than_a_twentieth_more_load(times: int) -> None:
    """Scenario 11."""
    async with replicas_of(3) as services, pool_of(*services) as pool:
        services[0].reply = slow_each(times)
        plain = await seconds_of(pool, 200, None)
        assert plain[int(200 * 0.99)] >= TAIL_SECONDS, "there is a tail to cut"
        asked = sum(len(service.heard) for service in services)
        await seconds_of(pool, 50, ROUTE)
        hedged = await seconds_of(pool, 500, ROUTE)
        assert hedged[int(500 * 0.99)] < TAIL_SECONDS / 2
        more = sum(len(service.heard) for service in services) - asked - 550
        assert 0 < more < 0.05 * 550
        assert pool.taken == 0


async def test_when_everything_is_slow_at_times_the_budget_still_holds() -> None:
    """Scenario 11."""
    async with replicas_of(2) as services, pool_of(*services) as pool:
        await seconds_of(pool, 300, ROUTE)
        for service in services:
            service.reply = slow_each(3)
        before = pool.hedging.sent
        await seconds_of(pool, 120, ROUTE)
        assert pool.hedging.sent > before
        assert pool.hedging.sent < 0.05 * 420
        assert pool.hedging.budget.exhausted > 0


async def test_the_loser_is_cancelled() -> None:
    """Scenario 11."""
    async with replicas_of(2) as services, pool_of(*services) as pool:
        await seconds_of(pool, 300, ROUTE)
        gone = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await reader.read()
            gone.set()

        for replica in pool.replicas.all:
            replica.drop_idle()
        services[0].on_connection = serve
        make_first(pool, 0)
        won = pool.hedging.won
        assert await ask(pool, hedge=ROUTE) == 200
        await asyncio.wait_for(gone.wait(), 2)
        assert (pool.hedging.won, pool.taken) == (won + 1, 0)
        assert pool.replicas.all[0].standing.failures == 0
        assert len(pool.replicas.all[0].open) == 0


async def test_of_two_answers_at_the_same_moment_one_is_handed_out_and_nothing_is_left_over() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        await seconds_of(pool, 300, ROUTE)
        answer = asyncio.Event()

        async def when_told(_: Heard) -> bytes:
            await answer.wait()
            return OK

        services[0].reply = when_told
        services[1].reply = when_told
        make_first(pool, 0)
        asking = asyncio.create_task(ask(pool, hedge=ROUTE))
        await holds(lambda: pool.taken == 2, "the second attempt")
        answer.set()
        assert await asking == 200
        await holds(lambda: pool.taken == 0, "the end of both")
        assert await asyncio.gather(*(ask(pool) for _ in range(8))) == [200] * 8


async def test_whoever_leaves_ends_both_attempts() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        await seconds_of(pool, 300, ROUTE)

        async def never(_: Heard) -> bytes:
            await asyncio.Event().wait()
            return OK

        services[0].reply = services[1].reply = never
        asking = asyncio.create_task(ask(pool, hedge=ROUTE))
        await holds(lambda: pool.taken == 2, "the second attempt")
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await holds(
            lambda: pool.taken == 0 and all(len(each.open) == len(each.idle) for each in pool.replicas.all),
            "the end of both",
        )


async def test_a_first_attempt_that_fails_leaves_the_second_its_chance() -> None:
    async with replicas_of(2) as services, pool_of(*services) as pool:
        await seconds_of(pool, 300, ROUTE)
        broken = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await broken.wait()

        async def later(_: Heard) -> bytes:
            broken.set()
            await holds(lambda: pool.replicas.all[0].under_way == 0, "the first attempt's end")
            return OK

        for replica in pool.replicas.all:
            replica.drop_idle()
        services[0].on_connection, services[1].reply = serve, later
        make_first(pool, 0)
        assert await ask(pool, hedge=ROUTE) == 200
        assert pool.taken == 0


def test_only_reads_are_hedged() -> None:
    with pytest.raises(ValueError, match="only reads are asked for twice"):
        Row("POST", "/v1/x", "events", Public("a test"), hedge=True)
