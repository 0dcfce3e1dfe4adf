"""Display pictures as JSON."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import Field, StringConstraints

from common.ids import DpCampaignId, DpId
from common.schemas import Body, View
from dp.actions.make_dp import Made
from dp.domain.campaign import HeldFor
from dp.domain.crop import Crop
from dp.domain.moderation import DpStatus
from dp.domain.picture import Dp

ThisDp = Annotated[DpId, Path(alias="dpId")]
ReviewStatus = Literal["held", "ready", "rejected"]


class CropBody(Body):
    """The part of the upright photo to show, in fractions of its width and height."""

    x: Annotated[float, Field(ge=0, le=1, strict=True)]
    y: Annotated[float, Field(ge=0, le=1, strict=True)]
    width: Annotated[float, Field(gt=0, le=1, strict=True)]
    height: Annotated[float, Field(gt=0, le=1, strict=True)]

    def crop(self) -> Crop:
        """The value the domain works with. Raises CropOutsidePhoto."""
        return Crop(self.x, self.y, self.width, self.height)


class NewReport(Body):
    """Why a picture should not be shown."""

    reason: Literal["not_me", "offensive", "spam", "other"]
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""

    def words(self) -> str:
        """One line for the moderator."""
        return f"{self.reason}: {self.note}" if self.note else self.reason


class DpView(View):
    """A picture everyone may see."""

    id: DpId
    status: DpStatus
    image_url: str
    share_url: str
    created_at: datetime

    @classmethod
    def of(cls, dp: Dp, public_url: str) -> "DpView":
        """From the domain's value; addresses begin with `public_url`."""
        return cls(
            id=dp.id,
            status=dp.status,
            image_url=image_url(dp, public_url),
            share_url=f"{public_url}{dp.share_path}",
            created_at=dp.created_at,
        )


class ReviewView(View):
    """A picture as its moderators see it."""

    id: DpId
    campaign_id: DpCampaignId
    status: DpStatus
    held_for: HeldFor | None
    fields: dict[str, str]
    image_url: str
    created_at: datetime

    @classmethod
    def of(cls, dp: Dp, public_url: str) -> "ReviewView":
        """From the domain's value."""
        return cls(
            id=dp.id,
            campaign_id=dp.campaign_id,
            status=dp.status,
            held_for=dp.held_for,
            fields=dict(dp.words),
            image_url=image_url(dp, public_url),
            created_at=dp.created_at,
        )


class MadeView(View):
    """A new picture for its maker. `ownerToken` is told this once; `missingCharacters` are drawn as empty boxes."""

    id: DpId
    status: DpStatus
    image_url: str
    share_url: str
    owner_token: str
    missing_characters: list[str]

    @classmethod
    def of(cls, made: Made, public_url: str) -> "MadeView":
        """From the action's result."""
        return cls(
            id=made.dp.id,
            status=made.dp.status,
            image_url=image_url(made.dp, public_url),
            share_url=f"{public_url}{made.dp.share_path}",
            owner_token=made.owner_token,
            missing_characters=list(made.missing),
        )


def image_url(dp: Dp, public_url: str) -> str:
    """Where the picture's bytes are."""
    return f"{public_url}/v1/dp/dps/{dp.id}/image"
