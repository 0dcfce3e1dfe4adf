"""Tells people something inside the app, and whoever of them listens at this moment."""

from collections.abc import Collection

from common.db import Transaction
from common.ids import NOBODY, UserId
from identity.actions.saying import notification_created
from identity.store import notifications
from identity.store.notifications import Notice


async def notify(tx: Transaction, user_ids: Collection[UserId], notice: Notice) -> None:
    """Tell people, once each, however often the same comes again. Whoever has no account here is passed over, and nothing is
    asked for an order that staff made, whose buyer is nobody."""
    people = set(user_ids) - {NOBODY}
    if not people:
        return
    for user_id, notification in await notifications.add_notifications(tx, people, notice):
        tx.publish(notification_created(user_id, notification))
