"""What is kept of a template, a campaign and a display picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from common.ids import DpCampaignId, DpId, DpTemplateId, EventId, OrganizationId, UserId
from dp.domain.campaign import CampaignStatus, Field, HeldFor, Moderation
from dp.domain.crop import Crop
from dp.domain.gathering import Gathering
from dp.domain.moderation import DpStatus
from dp.domain.template import Template


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """A template of an organisation in one version."""

    id: DpTemplateId
    organization_id: OrganizationId
    name: str
    version: int
    design: Template
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign, with dp's copies of its event and organisation and the template version it is bound to.

    `host` is the organisation's name, empty as long as it is not known here.
    """

    id: DpCampaignId
    event: Gathering
    host: str
    host_suspended: bool
    template_id: DpTemplateId
    template_version: int
    design: Template
    name: str
    slug: str
    fields: tuple[Field, ...]
    moderation: Moderation
    status: CampaignStatus
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Dp:
    """A display picture. `image_key` and `photo_key` are None once it is removed; `version` grows with every change."""

    id: DpId
    campaign_id: DpCampaignId
    campaign_slug: str
    event_id: EventId
    organization_id: OrganizationId
    template_version: int
    status: DpStatus
    held_for: HeldFor | None
    words: Mapping[str, str]
    crop: Crop | None
    image_key: str | None
    photo_key: str | None
    owner_token_hash: bytes
    maker_user_id: UserId | None
    version: int
    created_at: datetime
    judged: bool

    @property
    def share_path(self) -> str:
        """Where people look at it, below the platform's public address."""
        return f"/dp/{self.campaign_slug}/{self.id}"
