"""The refunds of a cancelled event: a walk over its orders that can stop anywhere and goes on where it stopped."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from common.ids import EventId, OrderId, OrganizationId
from common.money import Money

Status = Literal["running", "done"]

SWEPT_AGAIN_FOR = timedelta(minutes=10)
"""A payment that was being settled while the event was cancelled may commit after the walk passed its order."""


@dataclass(frozen=True, slots=True)
class RefundRun:
    """`cursor` is the last order looked at in this sweep, `found` how many were refunded in it, `refunded` in all."""

    event_id: EventId
    organization_id: OrganizationId
    keeps_fees: bool
    cursor: OrderId | None
    found: int
    refunded: int
    begun_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: orders still to be refunded, those a bank disputes, and how the refunds stand."""

    run: RefundRun
    left: int
    disputed: int
    pending: int
    done: int
    failed: int
    amounts: tuple[Money, ...]

    @property
    def status(self) -> Status:
        """Done when every order was refunded and every refund sent."""
        return "running" if self.run.finished_at is None or self.left or self.pending else "done"


def passed(run: RefundRun, order_id: OrderId, *, refunded: bool) -> RefundRun:
    """The run after this order."""
    return replace(run, cursor=order_id, found=run.found + refunded, refunded=run.refunded + refunded)


def swept(run: RefundRun, now: datetime) -> RefundRun:
    """The run after the last order. A sweep that found nothing ends it."""
    finished = None if run.found else run.finished_at or now
    return replace(run, cursor=None, found=0, finished_at=finished)
