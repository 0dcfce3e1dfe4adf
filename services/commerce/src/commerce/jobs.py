"""Work that clocks or commits set off: expiry, payments nothing was heard of, webhooks in and out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from commerce.actions.check_payments import check_payments
from commerce.actions.expire_approvals import expire_approvals
from commerce.actions.expire_orders import expire_orders
from commerce.actions.forget_vat_verdicts import forget_vat_verdicts
from commerce.actions.forget_webhooks import forget_webhooks
from commerce.actions.issue_documents import issue_due_documents
from commerce.actions.offer_places import offer_places
from commerce.actions.reconcile_payments import reconcile_payments
from commerce.actions.refund_cancelled_events import refund_cancelled_events
from commerce.actions.release_payments import release_payments
from commerce.actions.share_capacity import tell_shared_availability
from commerce.adapters.providers import Providers
from commerce.domain.sale_settings import PlatformFee
from common.db import Database
from common.jobs import Job
from common.telemetry import logger

log = logger("workers")

_POLL_SECONDS = 1.0
_AFTER_FAULT_SECONDS = 1.0
_LAST_SECONDS = 10.0


def jobs(database: Database, providers: Providers, platform: PlatformFee) -> list[Job]:
    """What runs on an interval."""
    return [
        Job("expire-orders", timedelta(seconds=5), lambda: _expire(database, providers)),
        Job("tell-availability", timedelta(seconds=5), lambda: tell_shared_availability(database)),
        Job("expire-approvals", timedelta(minutes=1), lambda: expire_approvals(database)),
        Job("offer-places", timedelta(seconds=5), lambda: offer_places(database, platform)),
        # Whoever wants to see one has it made at once; a rush need not write them as well.
        Job("issue-documents", timedelta(minutes=1), lambda: issue_due_documents(database)),
        Job("refund-cancelled-events", timedelta(seconds=5), lambda: refund_cancelled_events(database)),
        Job("check-payments", timedelta(seconds=15), lambda: check_payments(database, providers)),
        Job("forget-webhooks", timedelta(hours=1), lambda: forget_webhooks(database)),
        Job("forget-vat-verdicts", timedelta(hours=1), lambda: forget_vat_verdicts(database)),
        Job("reconcile-payments", timedelta(hours=1), lambda: reconcile_payments(database, providers)),
    ]


async def _expire(database: Database, providers: Providers) -> int:
    """Whoever paid in the last second keeps the places; only then do the others go back on sale."""
    await release_payments(database, providers)
    return await expire_orders(database)


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
