"""Work that clocks or commits set off: expiry, payments nothing was heard of, webhooks in and out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from commerce.actions.check_payments import check_payments
from commerce.actions.expire_orders import expire_orders
from commerce.adapters.providers import Providers
from common.db import Database
from common.jobs import Job
from common.telemetry import logger

log = logger("workers")

_POLL_SECONDS = 1.0
_AFTER_FAULT_SECONDS = 1.0
_LAST_SECONDS = 10.0


def jobs(database: Database, providers: Providers) -> list[Job]:
    """What runs on an interval."""
    return [
        Job("expire-orders", timedelta(seconds=5), lambda: expire_orders(database)),
        Job("check-payments", timedelta(seconds=15), lambda: check_payments(database, providers)),
    ]


class Worker:
    """Works a queue off: at once when woken by a commit, and every second for what a crash or a delay left there.

    Any number of them, in any number of processes, may work on one queue: each item is leased by a row.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[int]]) -> None:
        """`work` does some of what is due, and says how many items it tried."""
        self._name = name
        self._work = work
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Something is due now."""
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Work until stopped. No fault ends this."""
        while not self._stopping:
            self._woken.clear()
            try:
                while not self._stopping and await self._work():
                    pass
            except Exception as error:  # noqa: BLE001 - the queue is durable; working goes on when what failed is back
                log.warning("a worker was interrupted", worker=self._name, error=repr(error))
                await asyncio.sleep(_AFTER_FAULT_SECONDS)
            if not self._stopping:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), timeout=_POLL_SECONDS)


@asynccontextmanager
async def working(*workers: Worker) -> AsyncIterator[None]:
    """Run workers beside a service. On the way out each finishes what it has begun, as far as that takes seconds."""
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        await asyncio.wait(tasks, timeout=_LAST_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
