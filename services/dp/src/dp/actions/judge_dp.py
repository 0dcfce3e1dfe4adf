"""A moderator approves or rejects a picture; either may be changed later."""

from typing import Literal

from common.capabilities import Capability, require_capability
from common.db import Transaction
from common.ids import DpId
from common.messages import DpApproved, DpRejected
from common.principal import Principal
from common.refusals import NotFound
from dp.actions.create_campaign import scope_of
from dp.actions.speaking import state_of
from dp.domain.picture import Dp
from dp.store import campaigns, dps


async def judge_dp(tx: Transaction, principal: Principal, dp_id: DpId, verdict: Literal["ready", "rejected"]) -> Dp:
    """Show the picture to everyone, or to nobody but its maker. The same verdict again changes nothing.

    Raises NotFound (also when it was removed meanwhile) and MissingCapability.
    """
    dp = await dps.lock_dp(tx, dp_id)
    if dp is None:
        raise NotFound()
    scope = scope_of((await campaigns.campaign_by_id(tx, dp.campaign_id)).event)
    require_capability(
        principal,
        Capability.DP_IMAGE_MODERATE,
        scope,
        reading=Capability.DP_TEMPLATE_READ,
        public=dp.status == "ready",
    )
    if dp.status == verdict and dp.judged:
        return dp
    judged = await dps.change_status(tx, dp, verdict, judged_by=principal.actor)
    kind = DpApproved if verdict == "ready" else DpRejected
    tx.publish(kind(**state_of(judged)))
    return judged
