"""Bind a template to an event, and publish that."""

from common.capabilities import Capability, Scope, require_capability
from common.db import Transaction
from common.ids import DpCampaignId, DpTemplateId, EventId
from common.principal import Principal
from common.refusals import NotFound
from dp.domain.campaign import Field, Moderation, asked_fields
from dp.domain.gathering import Gathering
from dp.domain.picture import Campaign
from dp.errors import EventCancelled, EventNotKnown, TemplateNotFound
from dp.store import campaigns, events, templates


async def create_campaign(
    tx: Transaction,
    principal: Principal,
    event_id: EventId,
    template_id: DpTemplateId,
    *,
    name: str | None,
    slug: str | None,
    fields: tuple[Field, ...] | None,
    moderation: Moderation,
) -> Campaign:
    """Make a draft from the template's newest version. Name and slug are the event's where none is given.

    Raises EventNotKnown, EventCancelled, TemplateNotFound, FieldsIncomplete, SlugTaken, MissingCapability.
    """
    event = await events.find_event(tx, event_id)
    if event is None:
        raise EventNotKnown(retry_after=1)
    require_capability(principal, Capability.DP_CAMPAIGN_WRITE, scope_of(event), public=event.status != "draft")
    if event.status == "cancelled":
        raise EventCancelled()
    template = await templates.find_template(tx, template_id)
    if template is None or template.organization_id != event.organization_id:
        raise TemplateNotFound(pointer="/templateId")
    return await campaigns.add_campaign(
        tx,
        event,
        template,
        name=name or event.name,
        slug=slug or event.slug,
        fields=asked_fields(template.design, fields),
        moderation=moderation,
        created_by=principal.actor,
    )


async def publish_campaign(tx: Transaction, principal: Principal, campaign_id: DpCampaignId) -> Campaign:
    """Let people make pictures. Publishing twice is no fault. Raises NotFound, EventCancelled, MissingCapability."""
    campaign = await campaign_to_read(tx, principal, campaign_id)
    require_capability(principal, Capability.DP_CAMPAIGN_WRITE, scope_of(campaign.event), public=True)
    if campaign.event.status == "cancelled":
        raise EventCancelled()
    await campaigns.mark_published(tx, campaign_id)
    return await campaign_to_read(tx, principal, campaign_id)


async def campaign_to_read(tx: Transaction, principal: Principal, address: DpCampaignId | str) -> Campaign:
    """A campaign by id or slug: for everyone once published, before that for its team. Raises NotFound."""
    campaign = await campaigns.find_campaign(tx, address)
    if campaign is None:
        raise NotFound()
    if campaign.status != "published":
        require_capability(principal, Capability.DP_TEMPLATE_READ, scope_of(campaign.event))
    return campaign


async def check_may_list(tx: Transaction, principal: Principal, event_id: EventId) -> None:
    """Let an event's team at its campaigns, drafts too. Raises EventNotKnown, NotFound."""
    event = await events.find_event(tx, event_id)
    if event is None:
        raise EventNotKnown()
    require_capability(principal, Capability.DP_TEMPLATE_READ, scope_of(event))


def scope_of(event: Gathering) -> Scope:
    """Whose campaigns of this event are."""
    return Scope(organization_id=event.organization_id, workspace_id=event.workspace_id)
