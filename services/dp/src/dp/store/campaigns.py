"""Campaigns, read together with the copy of their event and the template version they are bound to."""

from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, false, func, insert, select, update

from common.db import Transaction, refusing
from common.ids import DpCampaignId, EventId
from dp.domain.campaign import Field, Moderation
from dp.domain.gathering import Gathering
from dp.domain.picture import Campaign, KeptTemplate
from dp.errors import SlugTaken
from dp.store.events import event_of
from dp.store.templates import DESIGN
from dp.tables import campaigns, events, organizations, template_versions

_FIELDS: Final[TypeAdapter[tuple[Field, ...]]] = TypeAdapter(tuple[Field, ...])

ID: Final = campaigns.c.id
"""What lists of campaigns are paged by."""


async def add_campaign(
    tx: Transaction,
    event: Gathering,
    template: KeptTemplate,
    *,
    name: str,
    slug: str,
    fields: tuple[Field, ...],
    moderation: Moderation,
    created_by: str,
) -> Campaign:
    """Keep a new draft. Raises SlugTaken."""
    campaign_id = tx.new_id(DpCampaignId)
    values = {
        "id": campaign_id,
        "event_id": event.id,
        "organization_id": event.organization_id,
        "template_id": template.id,
        "template_version": template.version,
        "name": name,
        "slug": slug,
        "fields": _FIELDS.dump_python(fields, mode="json"),
        "moderation": moderation,
        "status": "draft",
        "created_at": tx.now,
        "created_by": created_by,
    }
    with refusing({"uq_campaigns_slug": lambda: SlugTaken(pointer="/slug")}):
        await tx.execute(insert(campaigns).values(**values))
    return await campaign_by_id(tx, campaign_id)


async def find_campaign(tx: Transaction, address: DpCampaignId | str) -> Campaign | None:
    """The campaign of an id or a slug, or None."""
    mine = campaigns.c.id == address if isinstance(address, DpCampaignId) else campaigns.c.slug == address
    row = await tx.one(campaigns_query().where(mine))
    return None if row is None else campaign_of(row)


async def campaign_by_id(tx: Transaction, campaign_id: DpCampaignId) -> Campaign:
    """A campaign that is known to be there, because a constraint or this very transaction says so."""
    return campaign_of((await tx.execute(campaigns_query().where(campaigns.c.id == campaign_id))).one())


async def hold_campaign(tx: Transaction, campaign_id: DpCampaignId) -> Campaign | None:
    """The campaign as it is now; neither it nor its event changes until the transaction ends. Readers go on."""
    query = campaigns_query().where(campaigns.c.id == campaign_id).with_for_update(read=True, of=[campaigns, events])
    row = await tx.one(query)
    return None if row is None else campaign_of(row)


async def mark_published(tx: Transaction, campaign_id: DpCampaignId) -> None:
    """Publish a draft; one that is published keeps its first moment."""
    draft = (campaigns.c.id == campaign_id) & (campaigns.c.status == "draft")
    await tx.execute(update(campaigns).where(draft).values(status="published", published_at=tx.now))


def campaigns_of(event_id: EventId) -> Select[Any]:
    """The campaigns of an event."""
    return campaigns_query().where(campaigns.c.event_id == event_id)


def campaigns_query() -> Select[Any]:
    """Campaigns with their event and design."""
    event_columns = [column.label(f"event_{column.name}") for column in events.c if column.name != "id"]
    bound = (template_versions.c.template_id == campaigns.c.template_id) & (
        template_versions.c.version == campaigns.c.template_version
    )
    return (
        select(
            *_own_columns(),
            *event_columns,
            template_versions.c.design,
            func.coalesce(organizations.c.name, "").label("host"),
            func.coalesce(organizations.c.suspended, false()).label("host_suspended"),
        )
        .join(events, events.c.id == campaigns.c.event_id)
        .join(template_versions, bound)
        .outerjoin(organizations, organizations.c.id == campaigns.c.organization_id)
    )


def campaign_of(row: Row[Any]) -> Campaign:
    """The campaign in a row of `campaigns_query`."""
    return Campaign(
        id=row.id,
        event=event_of(row, "event_"),
        host=row.host,
        host_suspended=row.host_suspended,
        template_id=row.template_id,
        template_version=row.template_version,
        design=DESIGN.validate_python(row.design),
        name=row.name,
        slug=row.slug,
        fields=_FIELDS.validate_python(row.fields),
        moderation=row.moderation,
        status=row.status,
        created_at=row.created_at,
    )


def _own_columns() -> list[Any]:
    # The event's own organisation is the campaign's: the copy of it is read once, under the event's name.
    return [column for column in campaigns.c if column.name != "organization_id"]
