"""Look at pictures: everyone at those that are ready, makers and moderators also at the others."""

import hmac
from dataclasses import dataclass

from common.capabilities import Capability, Scope, holds, require_capability
from common.db import Transaction
from common.ids import DpId
from common.principal import Principal
from common.refusals import NotFound
from dp.actions.create_campaign import scope_of
from dp.actions.make_dp import token_hash
from dp.domain.moderation import check_visible
from dp.domain.picture import Campaign, Dp
from dp.store import campaigns, dps


@dataclass(frozen=True, slots=True)
class Beholder:
    """Who looks: a principal, perhaps with the owner token of the picture."""

    principal: Principal
    owner_token: str | None = None

    def owns(self, dp: Dp) -> bool:
        """Whether this is the picture's maker."""
        user = self.principal.user_id
        if user is not None and user == dp.maker_user_id:
            return True
        return self.owner_token is not None and hmac.compare_digest(token_hash(self.owner_token), dp.owner_token_hash)


async def see_dp(tx: Transaction, beholder: Beholder, dp_id: DpId) -> Dp:
    """The picture. Raises NotFound when there is none (any more), or none for these eyes."""
    dp = await dps.find_dp(tx, dp_id)
    if dp is None:
        raise NotFound()
    check_visible(dp.status, owner=beholder.owns(dp), moderator=await may_moderate(tx, beholder.principal, dp))
    return dp


async def may_moderate(tx: Transaction, principal: Principal, dp: Dp) -> bool:
    """Whether the principal decides about this picture."""
    if not principal.platform_roles and not principal.organization_roles and not principal.workspace_roles:
        return False
    campaign = await campaigns.campaign_by_id(tx, dp.campaign_id)
    return holds(principal, Capability.DP_IMAGE_MODERATE, scope_of(campaign.event))


def check_may_review(principal: Principal, campaign: Campaign) -> None:
    """Let the campaign's moderators at its waiting pictures. Raises NotFound or MissingCapability."""
    scope: Scope = scope_of(campaign.event)
    require_capability(principal, Capability.DP_IMAGE_MODERATE, scope, public=campaign.status == "published")
