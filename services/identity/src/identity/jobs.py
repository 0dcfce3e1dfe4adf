"""Clock-driven work: the postman, and forgetting what nobody needs any more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from common.db import Database
from common.jobs import Job
from common.telemetry import logger
from identity.actions.desk import Desk
from identity.actions.end_sign_in import end_lapsed_sign_ins
from identity.actions.enrol_machine import end_expired_machines
from identity.store import challenges, mails, session_feed, sign_ins

log = logger("identity.jobs")

LOOKS_EVERY = 0.5
"""Seconds between looks when nobody wakes the postman: mails from messages, and those to be tried again."""


class Postman:
    """Sends mail: at once when woken, and otherwise on his rounds. Each replica has one; no mail is taken by two."""

    def __init__(self, deliver: Callable[[], Awaitable[int]]) -> None:
        self._deliver = deliver
        self._woken = asyncio.Event()
        self._going_home = False

    def wake(self) -> None:
        """A mail was just queued."""
        self._woken.set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Deliver meanwhile."""
        task = asyncio.create_task(self._work())
        try:
            yield
        finally:
            # The flag as well as the cancellation: a library that is interrupted while it finishes may swallow the latter.
            self._going_home = True
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _work(self) -> None:
        while not self._going_home:
            self._woken.clear()
            try:
                if await self._deliver():
                    continue
            except Exception:
                log.exception("mails could not be sent; the next round tries again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOKS_EVERY):
                    await self._woken.wait()


def jobs(desk: Desk) -> list[Job]:
    """Identity's jobs."""
    return [
        Job("end-lapsed-sign-ins", timedelta(minutes=5), lambda: _end_lapsed(desk)),
        Job("end-expired-machines", timedelta(seconds=5), lambda: _end_expired_machines(desk)),
        Job("forget-old", timedelta(minutes=5), lambda: _forget(desk.database)),
    ]


async def _end_lapsed(desk: Desk) -> int:
    async with desk.transaction() as (tx, after):
        return await end_lapsed_sign_ins(tx, after)


async def _end_expired_machines(desk: Desk) -> int:
    async with desk.transaction() as (tx, after):
        return await end_expired_machines(tx, after)


async def _forget(database: Database) -> int:
    forgotten = 0
    for forget in (session_feed.forget_old, challenges.forget_old, mails.forget_old, sign_ins.forget_old):
        async with database.transaction() as tx:
            forgotten += await forget(tx)
    return forgotten
