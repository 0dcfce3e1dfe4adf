"""Campaigns as JSON."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from common.ids import DpCampaignId, DpTemplateId, EventId
from common.schemas import Body, Name, Slug, View
from dp.domain import campaign as rules
from dp.domain.gathering import dates, place
from dp.domain.picture import Campaign


class FieldBody(Body):
    """One thing a maker is asked for; the design shows it under `name`."""

    name: Annotated[str, StringConstraints(pattern="^[a-z][a-zA-Z0-9]{0,31}$")]
    label: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    required: bool = True
    max_length: Annotated[int, Field(ge=1, le=200, strict=True)] = rules.LONGEST_FIELD


class NewCampaign(Body):
    """A campaign. Name and slug are the event's where none is given; so are the fields the design's."""

    event_id: EventId
    template_id: DpTemplateId
    name: Name | None = None
    slug: Slug | None = None
    fields: Annotated[tuple[FieldBody, ...], Field(max_length=12)] | None = None
    moderation: rules.Moderation = "publish"

    def asked(self) -> tuple[rules.Field, ...] | None:
        """The values the domain works with."""
        if self.fields is None:
            return None
        return tuple(rules.Field(**field.model_dump()) for field in self.fields)


class CampaignEventView(View):
    """What a campaign page says about the event; `date` and `place` as they stand on the pictures."""

    id: EventId
    name: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    date: str
    place: str
    host: str
    cancelled: bool


class CampaignView(View):
    """A campaign."""

    id: DpCampaignId
    status: rules.CampaignStatus
    name: str
    slug: str
    moderation: rules.Moderation
    template_id: DpTemplateId
    template_version: int
    width: int
    height: int
    photo_needed: bool
    fields: list[FieldBody]
    event: CampaignEventView

    @classmethod
    def of(cls, campaign: Campaign) -> "CampaignView":
        """From the domain's value."""
        event = campaign.event
        return cls(
            id=campaign.id,
            status=campaign.status,
            name=campaign.name,
            slug=campaign.slug,
            moderation=campaign.moderation,
            template_id=campaign.template_id,
            template_version=campaign.template_version,
            width=campaign.design.width,
            height=campaign.design.height,
            photo_needed=campaign.design.photo is not None,
            fields=[FieldBody.model_validate(field, from_attributes=True) for field in campaign.fields],
            event=CampaignEventView(
                id=event.id,
                name=event.name,
                starts_at=event.starts_at,
                ends_at=event.ends_at,
                timezone=event.timezone,
                date=dates(event),
                place=place(event),
                host=campaign.host,
                cancelled=event.status == "cancelled",
            ),
        )
