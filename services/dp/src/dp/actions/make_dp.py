"""Make a display picture: look at the campaign, draw off the event loop, keep the bytes, then say it is there.

Drawing takes longer than a transaction should, so there are three: one reads what is asked, one notes the names of the
objects about to be written (whatever then dies, `sweep_objects` deletes them), one keeps the picture if the campaign still
stands.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from common.capabilities import Capability, require_capability
from common.db import Database, Transaction
from common.ids import DpCampaignId, DpId
from common.images import CleanImage, Limits, decode, encode_jpeg
from common.messages import DpGenerated
from common.principal import Principal
from common.refusals import NotFound, Unavailable
from dp.actions.create_campaign import scope_of
from dp.actions.speaking import state_of
from dp.adapters.gallery import Gallery, new_key
from dp.adapters.studio import Studio
from dp.domain.campaign import answers, held_for
from dp.domain.crop import Crop
from dp.domain.gathering import event_words
from dp.domain.picture import Campaign, Dp
from dp.errors import CampaignNotPublished, EventCancelled, OrganizationSuspended, PhotoMissing
from dp.formats.picture import Picture, Renderer
from dp.store import campaigns, dps, objects

PHOTO_LIMITS: Final = Limits(file_bytes=10_000_000)
_PHOTO_SIDE: Final = 1600
"""Pixels of the longer side a photo is kept with, unless its place on the canvas is larger."""

_ABANDONED_AFTER: Final = timedelta(hours=1)

ReadPhoto = Callable[[], Awaitable[bytes]]


class TookTooLong(Unavailable):
    """Making the picture took too long. Try again."""

    code = "dp.took_too_long"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a maker sent. `photo` reads the upload, and is called only when it is its turn."""

    typed: Mapping[str, str]
    photo: ReadPhoto | None
    crop: Crop | None


@dataclass(frozen=True, slots=True)
class Made:
    """A new picture, the secret of its maker (kept here only as a hash) and the characters no font has."""

    dp: Dp
    owner_token: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Maker:
    """What pictures are made with."""

    database: Database
    studio: Studio
    gallery: Gallery
    renderer: Renderer

    async def make(self, principal: Principal, campaign_id: DpCampaignId, wanted: Wanted) -> Made:
        """Make a picture.

        Raises NotFound, CampaignNotPublished, EventCancelled, OrganizationSuspended, PhotoMissing, StudioBusy, the refusals of
        `domain.campaign.answers` and those of `common.images`.
        """
        async with self.database.transaction() as tx:
            campaign = _open(await campaigns.find_campaign(tx, campaign_id), principal)
        words = answers(campaign.fields, wanted.typed)
        if campaign.design.photo is not None and wanted.photo is None:
            raise PhotoMissing(pointer="/photo")
        picture, photo = await self._draw(campaign, words, wanted)
        image_key = new_key("pictures", "jpg", self.database.entropy)
        photo_key = new_key("photos", "jpg", self.database.entropy) if photo is not None else None
        await self._store({image_key: picture.image} | ({photo_key: photo} if photo_key and photo else {}))
        token = urlsafe_b64encode(self.database.entropy.bytes(24)).decode()
        async with self.database.transaction() as tx:
            held = await campaigns.hold_campaign(tx, campaign_id)
            crop = wanted.crop if photo_key else None
            dp = _kept(tx, _open(held, principal), principal, words, crop, image_key, photo_key, token)
            if not await objects.adopt(tx, [key for key in (image_key, photo_key) if key]):
                raise TookTooLong()
            await dps.add_dp(tx, dp)
            tx.publish(DpGenerated(**state_of(dp)))
        return Made(dp, token, picture.missing)

    async def _draw(
        self, campaign: Campaign, words: Mapping[str, str], wanted: Wanted
    ) -> tuple[Picture, CleanImage | None]:
        images = await self.gallery.images(campaign.design.images)
        async with self.studio.desk() as desk:
            place = campaign.design.photo
            upload = await wanted.photo() if wanted.photo is not None and place is not None else None
            side = max(_PHOTO_SIDE, *((place.box.width, place.box.height) if place is not None else (0,)))
            values = {**words, **event_words(campaign.event, campaign.host)}

            def work() -> tuple[Picture, CleanImage | None]:
                pixels = None if upload is None else decode(upload, limits=PHOTO_LIMITS, longest_side=side)
                picture = self.renderer.render(campaign.design, values, pixels, crop=wanted.crop, images=images)
                return picture, None if pixels is None else encode_jpeg(pixels, quality=90)

            return await desk.do(work)

    async def _store(self, ready: Mapping[str, CleanImage]) -> None:
        async with self.database.transaction() as tx:
            await objects.note_unwanted(tx, ready, tx.now + _ABANDONED_AFTER)
        for key, image in ready.items():
            await self.gallery.storage.put(key, image.data)


def token_hash(token: str) -> bytes:
    """How an owner token is kept and compared. It has 192 bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).digest()


def _open(campaign: Campaign | None, principal: Principal) -> Campaign:
    """The campaign, if pictures are made for it now. That there is a draft is told to its team alone."""
    if campaign is None:
        raise NotFound()
    if campaign.status != "published":
        require_capability(principal, Capability.DP_TEMPLATE_READ, scope_of(campaign.event))
        raise CampaignNotPublished()
    if campaign.event.status == "cancelled":
        raise EventCancelled()
    if campaign.host_suspended:
        raise OrganizationSuspended()
    return campaign


def _kept(
    tx: Transaction,
    campaign: Campaign,
    principal: Principal,
    words: Mapping[str, str],
    crop: Crop | None,
    image_key: str,
    photo_key: str | None,
    token: str,
) -> Dp:
    reason = held_for(campaign.moderation, words)
    return Dp(
        id=tx.new_id(DpId),
        campaign_id=campaign.id,
        campaign_slug=campaign.slug,
        event_id=campaign.event.id,
        organization_id=campaign.event.organization_id,
        template_version=campaign.template_version,
        status="held" if reason else "ready",
        held_for=reason,
        words=words,
        crop=crop,
        image_key=image_key,
        photo_key=photo_key,
        owner_token_hash=token_hash(token),
        maker_user_id=principal.user_id,
        version=1,
        created_at=tx.now,
        judged=False,
    )
