"""Clock-driven work: the postman, and forgetting what nobody needs any more."""

import asyncio
from collections.abc import Awaitable, Callable
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

    def wake(self) -> None:
        """A mail was just queued."""
        self._woken.set()

    async def work(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._woken.clear()
            try:
                if await self._deliver():
                    continue
            except Exception:
                log.exception("mails could not be sent; the next round tries again")
                await asyncio.sleep(LOOKS_EVERY)
                continue
            try:
                await asyncio.wait_for(self._woken.wait(), LOOKS_EVERY)
            except TimeoutError:
                continue


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
