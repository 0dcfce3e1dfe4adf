"""The refunds of a cancelled event: a walk over its orders that can stop anywhere and goes on where it stopped."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from common.ids import EventId, OrderId, OrganizationId
from common.money import Money

Status = Literal["running", "done"]

_FIRST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(hours=1)
_LAST_DOUBLING = 10


@dataclass(frozen=True, slots=True)
class RefundRun:
    """`cursor` is the last order looked at in this sweep, `found` how many were refunded in it, `refunded` in all.

    A payment that was being settled while the event was cancelled may commit after the walk passed its order. Transactions
    that do not know of the cancellation have ids below `horizon_xid`, which the first sweep sets.
    """

    event_id: EventId
    organization_id: OrganizationId
    keeps_fees: bool
    cursor: OrderId | None
    found: int
    refunded: int
    begun_at: datetime
    finished_at: datetime | None
    horizon_xid: int | None = None

    def sees_all(self, oldest_running: int) -> bool:
        """Whether a sweep that begins now meets every order there will ever be."""
        return self.horizon_xid is not None and oldest_running >= self.horizon_xid


@dataclass(frozen=True, slots=True)
class DueOrder:
    """An order that is to be looked at again: a bank looked at it when the walk passed, or it failed `tries` times."""

    order_id: OrderId
    event_id: EventId
    tries: int = 0


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


def failed(due: DueOrder, now: datetime) -> tuple[DueOrder, datetime]:
    """The same after one more failure, and when to look again: later each time, and never not at all."""
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * (1 << min(due.tries, _LAST_DOUBLING)))
    return replace(due, tries=due.tries + 1), now + wait


def counted(run: RefundRun, *, refunded: bool) -> RefundRun:
    """The run after an order that no sweep met."""
    return replace(run, refunded=run.refunded + refunded)


def passed(run: RefundRun, order_id: OrderId, *, refunded: bool) -> RefundRun:
    """The run after this order."""
    return replace(run, cursor=order_id, found=run.found + refunded, refunded=run.refunded + refunded)


def swept(run: RefundRun, now: datetime, *, saw_all: bool) -> RefundRun:
    """The run after the last order. A sweep that found nothing ends it, if it was to meet every order."""
    finished = None if run.found or not saw_all else now
    return replace(run, cursor=None, found=0, finished_at=finished)
