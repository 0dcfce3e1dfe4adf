"""Display pictures and what was reported about them."""

from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from common.db import Transaction
from common.ids import DpCampaignId, DpId
from dp.domain.campaign import HeldFor
from dp.domain.crop import Crop
from dp.domain.moderation import DpStatus
from dp.domain.picture import Dp
from dp.tables import campaigns, dps, reports

ANONYMOUS_REPORTER: Final = "anonymous"

ID: Final = dps.c.id
"""What lists of pictures are paged by."""


async def add_dp(tx: Transaction, dp: Dp) -> None:
    """Keep a new picture."""
    values = {
        "id": dp.id,
        "campaign_id": dp.campaign_id,
        "template_version": dp.template_version,
        "status": dp.status,
        "held_for": dp.held_for,
        "words": dict(dp.words),
        "crop": None if dp.crop is None else asdict(dp.crop),
        "image_key": dp.image_key,
        "photo_key": dp.photo_key,
        "owner_token_hash": dp.owner_token_hash,
        "maker_user_id": dp.maker_user_id,
        "version": dp.version,
        "created_at": dp.created_at,
    }
    await tx.execute(insert(dps).values(**values))


async def find_dp(tx: Transaction, dp_id: DpId) -> Dp | None:
    """A picture that was not removed, or None."""
    row = await tx.one(dps_query().where(dps.c.id == dp_id, dps.c.status != "removed"))
    return None if row is None else dp_of(row)


async def lock_dp(tx: Transaction, dp_id: DpId) -> Dp | None:
    """The same, and nobody else changes it until the transaction ends."""
    query = dps_query().where(dps.c.id == dp_id, dps.c.status != "removed").with_for_update(of=dps)
    row = await tx.one(query)
    return None if row is None else dp_of(row)


async def every_dp(tx: Transaction) -> list[Dp]:
    """Every picture, the removed ones too, oldest first."""
    return [dp_of(row) for row in await tx.all(dps_query().order_by(dps.c.id))]


async def change_status(
    tx: Transaction, dp: Dp, status: DpStatus, *, held_for: HeldFor | None = None, judged_by: str | None = None
) -> Dp:
    """Write a new status of a locked picture; the picture as it is then. `judged_by` is who decided, if a person did."""
    values: dict[str, Any] = {"status": status, "held_for": held_for, "version": dps.c.version + 1}
    if judged_by is not None:
        values |= {"judged_at": tx.now, "judged_by": judged_by}
    return await _change(tx, dp, values)


async def mark_removed(tx: Transaction, dp: Dp) -> Dp:
    """Empty a locked picture of everything personal; what stays is that it was there. The picture as it is then."""
    values: dict[str, Any] = {
        "status": "removed",
        "held_for": None,
        "version": dps.c.version + 1,
        "words": {},
        "crop": None,
        "image_key": None,
        "photo_key": None,
        "maker_user_id": None,
        "removed_at": tx.now,
    }
    return await _change(tx, dp, values)


async def add_report(tx: Transaction, dp_id: DpId, reporter: str, reason: str) -> None:
    """Keep a report; a second one by the same person only counts up."""
    statement = upsert(reports).values(dp_id=dp_id, reporter=reporter, reason=reason, times=1, created_at=tx.now)
    again = {"times": reports.c.times + 1}
    await tx.execute(statement.on_conflict_do_update(constraint="pk_reports", set_=again))


async def count_reporters(tx: Transaction, dp_id: DpId) -> int:
    """How many different signed-in people reported a picture."""
    query = select(func.count()).where(reports.c.dp_id == dp_id, reports.c.reporter != ANONYMOUS_REPORTER)
    return int(await tx.scalar(query))


def shown_dps(campaign_id: DpCampaignId) -> Select[Any]:
    """The pictures of a campaign that everyone may see."""
    return dps_query().where(dps.c.campaign_id == campaign_id, dps.c.status == "ready")


def dps_with_status(campaign_id: DpCampaignId, status: DpStatus) -> Select[Any]:
    """The pictures of a campaign in one status, for moderators."""
    return dps_query().where(dps.c.campaign_id == campaign_id, dps.c.status == status)


def dps_query() -> Select[Any]:
    """Pictures with what their campaign says about them."""
    return select(dps, campaigns.c.slug, campaigns.c.event_id, campaigns.c.organization_id).join(
        campaigns, campaigns.c.id == dps.c.campaign_id
    )


def dp_of(row: Row[Any]) -> Dp:
    """The picture in a row of `dps_query`."""
    return Dp(
        id=row.id,
        campaign_id=row.campaign_id,
        campaign_slug=row.slug,
        event_id=row.event_id,
        organization_id=row.organization_id,
        template_version=row.template_version,
        status=row.status,
        held_for=row.held_for,
        words=row.words,
        crop=None if row.crop is None else Crop(**row.crop),
        image_key=row.image_key,
        photo_key=row.photo_key,
        owner_token_hash=row.owner_token_hash,
        maker_user_id=row.maker_user_id,
        version=row.version,
        created_at=row.created_at,
        judged=row.judged_at is not None,
    )


async def _change(tx: Transaction, dp: Dp, values: dict[str, Any]) -> Dp:
    await tx.execute(update(dps).where(dps.c.id == dp.id).values(**values))
    row = await tx.one(dps_query().where(dps.c.id == dp.id))
    assert row is not None, "the row is locked by this transaction"
    return dp_of(row)
