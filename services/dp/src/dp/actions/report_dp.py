"""Somebody says that a picture should not be shown."""

from common.db import Transaction
from common.ids import DpId
from common.messages import DpHeld
from common.principal import Principal
from common.refusals import NotFound
from dp.actions.speaking import state_of
from dp.domain.moderation import held_by_reports
from dp.store import dps


async def report_dp(tx: Transaction, principal: Principal, dp_id: DpId, reason: str) -> None:
    """Keep the report. Enough different signed-in people hide the picture until a moderator looks. Raises NotFound.

    Reports of people who are not signed in are kept for the moderator and hide nothing: one person could send a hundred.
    """
    dp = await dps.lock_dp(tx, dp_id)
    if dp is None or dp.status != "ready":
        raise NotFound()
    user = principal.user_id
    await dps.add_report(tx, dp_id, user or dps.ANONYMOUS_REPORTER, reason)
    if held_by_reports(dp.status, await dps.count_reporters(tx, dp_id), judged=dp.judged):
        held = await dps.change_status(tx, dp, "held", held_for="reports")
        tx.publish(DpHeld(**state_of(held)))
