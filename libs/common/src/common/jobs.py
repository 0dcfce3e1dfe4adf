"""Clock-driven work: each job runs on its interval, or when asked by `POST /v1/cron/…`, at most once at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from common.db import Database
from common.house_tables import job_runs
from common.postgres import Conversation
from common.refusals import NotFound
from common.telemetry import logger, tracer

log = logger("jobs")


class UnknownJob(NotFound):
    """There is no job named {job} here."""

    code = "jobs.unknown"


@dataclass(frozen=True)
class Job:
    """A named piece of work and how often it is due. `work` opens its own transactions; its result is logged."""

    name: str
    every: timedelta
    work: Callable[[], Awaitable[object]]


class Jobs:
    """The jobs of one service."""

    def __init__(self, database: Database, jobs: list[Job]) -> None:
        self._database = database
        self._jobs = {job.name: job for job in jobs}

    async def run(self) -> None:
        """Run every job on its interval until cancelled."""
        async with asyncio.TaskGroup() as group:
            for job in self._jobs.values():
                group.create_task(self._repeat(job))

    async def run_once(self, name: str) -> bool:
        """Run one job now. False when it is running already, here or on another replica. Raises UnknownJob."""
        job = self._jobs.get(name)
        if job is None:
            raise UnknownJob(job=name)
        return await self._run_alone(job)

    async def _repeat(self, job: Job) -> None:
        while True:
            await asyncio.sleep(job.every.total_seconds())
            try:
                await self._run_alone(job)
            except Exception:
                log.exception("a job failed; it runs again on its interval", job=job.name)

    async def _run_alone(self, job: Job) -> bool:
        async with self._database.connection() as connection:
            key = {"name": f"lanyard job {job.name}"}
            if not await connection.scalar(text("SELECT pg_try_advisory_lock(hashtext(:name))"), key):
                return False
            try:
                await self._run_recorded(job)
            finally:
                await _unlock(connection, key)
        return True

    async def _run_recorded(self, job: Job) -> None:
        await self._record(job.name, started=True)
        with tracer().start_as_current_span(f"job {job.name}"):
            try:
                result = await job.work()
            except Exception as error:
                await self._record(job.name, error=f"{type(error).__name__}: {error}"[:500])
                raise
        await self._record(job.name)
        if result:
            log.info("job done", job=job.name, result=result)

    async def _record(self, name: str, *, started: bool = False, error: str | None = None) -> None:
        async with self._database.transaction() as transaction:
            values = (
                {"started_at": transaction.now} if started else {"finished_at": transaction.now, "last_error": error}
            )
            statement = insert(job_runs).values(job=name, **{"started_at": transaction.now, **values})
            await transaction.execute(statement.on_conflict_do_update(constraint="pk_job_runs", set_=values))


async def _unlock(connection: Conversation, key: dict[str, str]) -> None:
    """Give the lock back. If its connection is gone the lock is, too, and the work is done all the same."""
    try:
        await connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), key)
    except DBAPIError as error:
        log.warning("a job lost its lock while it ran", job=key["name"], error=type(error.orig).__name__)
