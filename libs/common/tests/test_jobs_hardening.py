"""A job runs at most once at a time over all replicas, and no way it ends keeps it from running again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from common.clock import SystemClock, SystemEntropy
from common.db import Database
from common.jobs import Job, Jobs
from common.testing import eventually
from common.testing.servers import DatabaseUrls

OWN_LOCK = """
    FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""


@asynccontextmanager
async def replica(urls: DatabaseUrls, work: Callable[[], Awaitable[object]]) -> AsyncIterator[Jobs]:
    database = Database(urls.app, publisher="commerce", clock=SystemClock(), entropy=SystemEntropy(), pool_size=3)
    try:
        yield Jobs(database, [Job("sweep", timedelta(milliseconds=10), work)])
    finally:
        await database.close()


def ask(urls: DatabaseUrls, query: str) -> object:
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        row = superuser.execute(query).fetchone()
    assert row is not None
    return row[0]


async def unlocked(urls: DatabaseUrls) -> bool:
    return await asyncio.to_thread(ask, urls, f"SELECT count(*) {OWN_LOCK}") == 0


class Work:
    """Work that goes on until it is let go, and counts how many do it at once."""

    def __init__(self) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.at_once = self.most_at_once = self.runs = 0

    async def __call__(self) -> None:
        self.at_once += 1
        self.runs += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.set()
        try:
            await self.go.wait()
        finally:
            self.at_once -= 1


async def test_many_replicas_run_a_job_once_at_a_time(urls: DatabaseUrls) -> None:
    work = Work()
    async with replica(urls, work) as one, replica(urls, work) as two:
        asked = [asyncio.create_task(jobs.run_once("sweep")) for jobs in (one, two, one)]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait_for(work.begun.wait(), 5)
        work.go.set()
        assert sum(await asyncio.gather(*asked)) >= 1
        assert work.most_at_once == 1


async def test_control_without_the_lock_they_run_at_once(urls: DatabaseUrls) -> None:
    work = Work()
    async with replica(urls, work) as one, replica(urls, work) as two:
        asked = [asyncio.create_task(jobs._run_recorded(jobs._jobs["sweep"])) for jobs in (one, two)]

        async def both() -> bool:
            return work.at_once == 2

        await eventually(both)
        work.go.set()
        await asyncio.gather(*asked)


async def test_a_lock_that_was_lost_on_the_way_does_not_make_done_work_a_failure(urls: DatabaseUrls) -> None:
    work = Work()
    async with replica(urls, work) as jobs:
        asked = asyncio.create_task(jobs.run_once("sweep"))
        await asyncio.wait_for(work.begun.wait(), 5)
        assert ask(urls, f"SELECT pg_terminate_backend(pid) {OWN_LOCK}") is True
        work.go.set()
        assert await asked is True
        assert ask(urls, "SELECT finished_at IS NOT NULL AND last_error IS NULL FROM job_runs") is True
        assert await jobs.run_once("sweep") is True


@pytest.mark.parametrize("moment", [0.0, 0.001, 0.003, 0.006, 0.01, 0.02, 0.05])
async def test_a_job_cancelled_at_any_moment_leaves_no_lock_behind(urls: DatabaseUrls, moment: float) -> None:
    work = Work()
    async with replica(urls, work) as jobs:
        asked = asyncio.create_task(jobs.run_once("sweep"))
        await asyncio.wait({asked}, timeout=moment)
        asked.cancel()
        await asyncio.wait({asked})
        await eventually(lambda: unlocked(urls), within=2)
        work.go.set()
        assert await jobs.run_once("sweep") is True


async def test_a_job_that_fails_runs_again_on_its_interval(urls: DatabaseUrls) -> None:
    runs: list[int] = []

    async def fails_at_first() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("the power went out")

    async with replica(urls, fails_at_first) as jobs:
        running = asyncio.create_task(jobs.run())

        async def three() -> bool:
            return len(runs) >= 3

        await eventually(three)
        running.cancel()
        await asyncio.wait({running})
    await eventually(lambda: unlocked(urls), within=2)
