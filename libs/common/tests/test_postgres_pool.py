"""The connections of a process: none that is broken is handed out, and no place is lost however a wait for one ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
import uvloop
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from common.postgres import Pool
from common.postgres.link import Link
from common.postgres.statements import ready
from common.testing import eventually
from common.testing.servers import DatabaseUrls


@asynccontextmanager
async def pooled(urls: DatabaseUrls, *, most: int = 1, kept: int | None = None, **options: Any) -> AsyncIterator[Pool]:
    settings = {
        "application": "pooled",
        "kept": most if kept is None else kept,
        "timeout": 5.0,
        "spare": 0.0,
        **options,
    }
    pool = Pool(urls.app, most=most, **settings)
    try:
        yield pool
    finally:
        pool.close()


async def run(link: Link, statement: str) -> int:
    [result] = await link.run([ready(text(statement), None)])
    return int(result.get_value(0, 0) or 0) if result.ntuples else 0


async def backend_of(link: Link) -> int:
    return await run(link, "SELECT pg_backend_pid()")


async def backend(pool: Pool) -> int:
    async with pool.link() as link:
        return await backend_of(link)


def open_backends(urls: DatabaseUrls) -> set[int]:
    with psycopg.connect(urls.superuser) as superuser:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pooled' AND datname = %s"
        return {pid for (pid,) in superuser.execute(query, (urls.name,))}


async def eventually_open(urls: DatabaseUrls, wanted: set[int]) -> None:
    async def are_open() -> bool:
        return open_backends(urls) == wanted

    await eventually(are_open)


async def test_whoever_waits_is_served_in_the_order_of_coming(urls: DatabaseUrls) -> None:
    async with pooled(urls) as pool:
        served: list[int] = []

        async def come(number: int) -> None:
            async with pool.link() as link:
                served.append(number)
                await backend_of(link)

        async with asyncio.TaskGroup() as group:
            async with pool.link():
                for number in range(6):
                    group.create_task(come(number))
                    await asyncio.sleep(0)
            group.create_task(come(6))
    assert served == [0, 1, 2, 3, 4, 5, 6]


async def test_a_wait_that_took_too_long_costs_no_place(urls: DatabaseUrls) -> None:
    async with pooled(urls, timeout=0.02) as pool:
        async with pool.link() as link:
            used = await backend_of(link)
            for _ in range(3):
                with pytest.raises(PoolTimeout, match=r"0\.02 s"):
                    await backend(pool)
        assert await backend(pool) == used
        assert open_backends(urls) == {used}


@pytest.mark.parametrize("turns", range(6))
async def test_who_is_cancelled_while_it_waits_stays_cancelled_and_costs_no_place(
    urls: DatabaseUrls, turns: int
) -> None:
    """`turns` of the event loop after the place got free: asked, granted, taken, in use."""
    async with pooled(urls) as pool:
        async with pool.link() as link:
            used = await backend_of(link)
            first, second = (asyncio.create_task(_takes(pool)) for _ in range(2))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        first.cancel()
        async with asyncio.timeout(2):
            await asyncio.wait([first])
            assert first.cancelled()
            second.cancel()
            await asyncio.wait([second])
            assert await backend(pool) == used


async def _takes(pool: Pool) -> None:
    async with pool.link():
        await asyncio.Event().wait()


@pytest.mark.parametrize("turns", [1, 2, 5, 20])
async def test_who_is_cancelled_while_its_connection_is_made_costs_no_place(urls: DatabaseUrls, turns: int) -> None:
    async with pooled(urls) as pool:
        opening = asyncio.create_task(_takes(pool))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait([opening])
        assert opening.cancelled()
        assert await asyncio.wait_for(backend(pool), 5) > 0


async def test_where_no_connection_can_be_made_every_try_says_so_and_costs_no_place(urls: DatabaseUrls) -> None:
    async with pooled(urls, timeout=0.02) as pool:
        right, pool._conninfo = pool._conninfo, pool._conninfo.replace(urls.name, "nowhere")
        for _ in range(3):
            with pytest.raises(OperationalError, match="nowhere"):
                await backend(pool)
        pool._conninfo = right
        assert await backend(pool) > 0


async def test_every_broken_connection_is_passed_over(urls: DatabaseUrls) -> None:
    async with pooled(urls, most=3) as pool:
        async with pool.link() as first, pool.link() as second, pool.link() as third:
            pids = {await backend_of(link) for link in (first, second, third)}
        assert open_backends(urls) == pids
        with psycopg.connect(urls.superuser, autocommit=True) as superuser:
            for pid in pids:
                superuser.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        new = await backend(pool)
        assert new not in pids
        assert open_backends(urls) == {new}


async def test_a_connection_given_back_within_a_transaction_is_closed(urls: DatabaseUrls) -> None:
    async with pooled(urls) as pool:
        async with pool.link() as link:
            left = await backend_of(link)
            await run(link, "BEGIN")
        await eventually_open(urls, set())
        assert await backend(pool) != left


async def test_a_block_that_raises_gives_its_connection_back(urls: DatabaseUrls) -> None:
    async with pooled(urls) as pool:
        used = await backend(pool)
        with pytest.raises(ValueError, match="ours"):
            async with pool.link():
                raise ValueError("ours")
        assert await backend(pool) == used


async def _three_at_once(pool: Pool) -> list[int]:
    """Who served them; the third is given back first."""
    async with pool.link() as first, pool.link() as second, pool.link() as third:
        return [await backend_of(link) for link in (first, second, third)]


async def test_no_more_stay_open_than_are_to_be_kept_and_the_last_used_comes_first(urls: DatabaseUrls) -> None:
    async with pooled(urls, most=3, kept=2) as pool:
        pids = await _three_at_once(pool)
        await eventually_open(urls, {pids[0], pids[1]})
        assert await backend(pool) == pids[0]


async def test_what_a_rush_needed_stays_open_for_the_next_and_goes_when_none_comes(urls: DatabaseUrls) -> None:
    async with pooled(urls, most=3, kept=1, spare=0.3) as pool:
        pids = await _three_at_once(pool)
        assert await _three_at_once(pool) == pids

        async def one_is_left() -> bool:
            assert await backend(pool) == pids[0]
            return open_backends(urls) == {pids[0]}

        await eventually(one_is_left, what="the spare connections being closed")


async def test_a_closed_pool_leaves_nothing_open(urls: DatabaseUrls) -> None:
    async with pooled(urls, most=2) as pool:
        async with pool.link() as used:
            await backend(pool)
            pool.close()
            pid = await backend_of(used)
            await eventually_open(urls, {pid})
        await eventually_open(urls, set())


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_connection_of_another_event_loop_is_not_handed_out(
    urls: DatabaseUrls, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    pool = Pool(urls.app, application="pooled", kept=1, most=1, timeout=1, spare=0)
    pids = []
    for _ in range(2):
        with asyncio.Runner(loop_factory=loop) as runner:
            pids.append(runner.run(backend(pool)))
    assert pids[0] != pids[1]
    pool.close()
