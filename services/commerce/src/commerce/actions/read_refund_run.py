"""Shows how far the refunds of a cancelled event are, to staff who may read its orders."""

from commerce.domain.refund_run import Progress
from commerce.errors import NoRefundRun
from commerce.store import refund_runs
from common.capabilities import Capability, Scope, holds
from common.db import Transaction
from common.ids import EventId
from common.principal import Principal


async def read_refund_run(tx: Transaction, principal: Principal, event_id: EventId) -> Progress:
    """Raises NoRefundRun, also to who may not know."""
    progress = await refund_runs.progress_of(tx, event_id)
    if progress is None:
        raise NoRefundRun()
    if not holds(principal, Capability.COMMERCE_ORDER_READ, Scope(progress.run.organization_id)):
        raise NoRefundRun()
    return progress
