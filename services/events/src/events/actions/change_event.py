"""Change an event's name, words, times or place."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from common.db import Transaction
from common.ids import EventId
from common.messages import EventUpdated
from common.principal import Principal
from events.actions.announce import event_message, tell_tiers_again
from events.actions.reach_event import event_to_change, require_version
from events.domain.event import Event, checked, require_open
from events.store import events


async def change_event(
    tx: Transaction, principal: Principal, event_id: EventId | str, changes: Mapping[str, Any], expected: int | None
) -> Event:
    """Set what `changes` names, where the event is still at the version the caller read. Drafts change in silence."""
    before = await event_to_change(tx, principal, event_id)
    require_version(expected, before.version)
    require_open(before)
    if replace(before, **changes) == before:
        return before
    event = checked(replace(before, **changes, version=before.version + 1))
    await events.save_event(tx, event)
    if event.ends_at != before.ends_at:
        await tell_tiers_again(tx, event)
    if event.is_public:
        tx.publish(event_message(EventUpdated, event))
    return event
