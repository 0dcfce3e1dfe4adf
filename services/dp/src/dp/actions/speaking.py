"""The public state of a picture, which every message about it carries whole."""

from typing import Any

from common.db import Transaction
from common.messages import DpGenerated
from dp.domain.picture import Dp
from dp.store import dps


def state_of(dp: Dp) -> dict[str, Any]:
    """The fields of a message about `dp`."""
    return {
        "dp_id": dp.id,
        "campaign_id": dp.campaign_id,
        "event_id": dp.event_id,
        "organization_id": dp.organization_id,
        "maker_user_id": dp.maker_user_id,
        "status": dp.status,
        "share_path": dp.share_path,
        "created_at": dp.created_at,
        "sequence": dp.version,
    }


async def republish(tx: Transaction) -> int:
    """Say the state of every picture again; how many."""
    count = 0
    for dp in await dps.every_dp(tx):
        tx.publish(DpGenerated(**state_of(dp)))
        count += 1
    return count
