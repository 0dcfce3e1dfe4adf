"""Hears of an event: published, changed, ended or cancelled."""

from commerce.domain.refund_run import RefundRun
from commerce.domain.sale import Event
from commerce.store import copies, refund_runs, sale_settings
from common.db import Transaction
from common.messages import EventCancelled, EventPublished, EventUpdated


async def record_event(tx: Transaction, message: EventPublished | EventUpdated | EventCancelled) -> None:
    """Keep our copy. Orders of a cancelled event can no longer be paid; those not paid end with their hold, those paid are
    refunded from now on."""
    event = Event(
        id=message.event_id,
        organization_id=message.organization_id,
        workspace_id=message.workspace_id,
        name=message.name,
        status=message.status,
        starts_at=message.starts_at,
        ends_at=message.ends_at,
        timezone=message.timezone,
        venue_name=None if message.venue is None else message.venue.name,
        currency=message.currency,
    )
    if await copies.save_event(tx, event, message.sequence) and event.status == "cancelled":
        keeps_fees = (await sale_settings.settings_of_event(tx, event.id)).refund_keeps_fees
        run = RefundRun(event.id, event.organization_id, keeps_fees, None, 0, 0, tx.now, None)
        await refund_runs.begin_run(tx, run)
