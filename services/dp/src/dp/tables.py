"""dp's own tables. What the database can guarantee is a named constraint."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from common.db import TypedId, moment, new_metadata
from common.ids import DpCampaignId, DpId, DpTemplateId, EventId, OrganizationId, UserId, WorkspaceId

metadata = new_metadata()

events = Table(
    "events",
    metadata,
    Column("id", TypedId(EventId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("workspace_id", TypedId(WorkspaceId)),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("starts_at", moment(), nullable=False),
    Column("ends_at", moment(), nullable=False),
    Column("timezone", Text, nullable=False),
    Column("venue_name", Text),
    Column("city", Text),
    Column("sequence", BigInteger, nullable=False),
    CheckConstraint("status IN ('draft', 'published', 'ended', 'cancelled')", name="status_is_known"),
)

organizations = Table(
    "organizations",
    metadata,
    Column("id", TypedId(OrganizationId), primary_key=True),
    Column("name", Text, nullable=False),
    Column("suspended", Boolean, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)

templates = Table(
    "templates",
    metadata,
    Column("id", TypedId(DpTemplateId), primary_key=True),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("created_by", Text, nullable=False),
    CheckConstraint("version >= 1", name="version_is_positive"),
)
Index("ix_templates_organization_id", templates.c.organization_id, templates.c.id)

template_versions = Table(
    "template_versions",
    metadata,
    Column("template_id", TypedId(DpTemplateId), ForeignKey("templates.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("design", JSONB, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("created_by", Text, nullable=False),
    PrimaryKeyConstraint("template_id", "version"),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", TypedId(DpCampaignId), primary_key=True),
    Column("event_id", TypedId(EventId), ForeignKey("events.id"), nullable=False),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("template_id", TypedId(DpTemplateId), nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("moderation", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("published_at", moment()),
    ForeignKeyConstraint(
        ["template_id", "template_version"],
        ["template_versions.template_id", "template_versions.version"],
        name="fk_campaigns_template",
    ),
    UniqueConstraint("slug"),
    CheckConstraint("moderation IN ('publish', 'hold_all')", name="moderation_is_known"),
    CheckConstraint("status IN ('draft', 'published')", name="status_is_known"),
    CheckConstraint("(status = 'published') = (published_at IS NOT NULL)", name="published_has_its_moment"),
)
Index("ix_campaigns_event_id", campaigns.c.event_id, campaigns.c.id)

dps = Table(
    "dps",
    metadata,
    Column("id", TypedId(DpId), primary_key=True),
    Column("campaign_id", TypedId(DpCampaignId), ForeignKey("campaigns.id"), nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("held_for", Text),
    Column("words", JSONB, nullable=False),
    Column("crop", JSONB(none_as_null=True)),
    Column("image_key", Text),
    Column("photo_key", Text),
    Column("owner_token_hash", LargeBinary, nullable=False),
    Column("maker_user_id", TypedId(UserId)),
    Column("version", BigInteger, nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("judged_at", moment()),
    Column("judged_by", Text),
    Column("removed_at", moment()),
    UniqueConstraint("image_key"),
    UniqueConstraint("photo_key"),
    CheckConstraint("status IN ('ready', 'held', 'rejected', 'removed')", name="status_is_known"),
    CheckConstraint("held_for IS NULL OR held_for IN ('policy', 'wording', 'reports')", name="held_for_is_known"),
    CheckConstraint("(status = 'held') = (held_for IS NOT NULL)", name="held_has_its_reason"),
    CheckConstraint("(status = 'removed') = (image_key IS NULL)", name="only_removed_has_no_image"),
    CheckConstraint(
        "status <> 'removed' OR (photo_key IS NULL AND words = '{}'::jsonb AND removed_at IS NOT NULL)",
        name="removed_keeps_nothing_personal",
    ),
    CheckConstraint("(judged_at IS NULL) = (judged_by IS NULL)", name="judged_names_its_judge"),
)
Index("ix_dps_shown", dps.c.campaign_id, dps.c.id, postgresql_where=text("status = 'ready'"))
Index("ix_dps_waiting", dps.c.campaign_id, dps.c.id, postgresql_where=text("status = 'held'"))

reports = Table(
    "reports",
    metadata,
    Column("dp_id", TypedId(DpId), ForeignKey("dps.id"), nullable=False),
    Column("reporter", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("created_at", moment(), nullable=False),
    PrimaryKeyConstraint("dp_id", "reporter"),
)

template_images = Table(
    "template_images",
    metadata,
    Column("key", Text, primary_key=True),
    Column("organization_id", TypedId(OrganizationId), nullable=False),
    Column("created_at", moment(), nullable=False),
    Column("created_by", Text, nullable=False),
)

unwanted_objects = Table(
    "unwanted_objects",
    metadata,
    Column("key", Text, primary_key=True),
    Column("delete_after", moment(), nullable=False),
)
Index("ix_unwanted_objects_delete_after", unwanted_objects.c.delete_after)
