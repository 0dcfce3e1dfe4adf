"""Remove a picture: nobody sees it from the commit on, and its bytes are deleted at once or, failing that, within minutes."""

from common.db import Transaction
from common.ids import DpId
from common.messages import DpRemoved
from common.refusals import NotFound
from dp.actions.see_dp import Beholder, may_moderate
from dp.actions.speaking import state_of
from dp.domain.moderation import check_removable
from dp.store import dps, objects


async def remove_dp(tx: Transaction, beholder: Beholder, dp_id: DpId) -> None:
    """Empty the picture of everything personal and have its objects deleted.

    Raises NotFound (also the second time), NotYours.
    """
    dp = await dps.lock_dp(tx, dp_id)
    if dp is None:
        raise NotFound()
    owner, moderator = beholder.owns(dp), await may_moderate(tx, beholder.principal, dp)
    if dp.status != "ready" and not owner and not moderator:
        raise NotFound()
    check_removable(owner=owner, moderator=moderator)
    removed = await dps.mark_removed(tx, dp)
    await objects.note_unwanted(tx, [key for key in (dp.image_key, dp.photo_key) if key], tx.now)
    tx.publish(DpRemoved(**state_of(removed)))
