"""First tables."""

from alembic import op

from common.house_tables import HOUSE_TABLES_1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(HOUSE_TABLES_1)
    op.execute(
        """
        CREATE TABLE events (
            id uuid NOT NULL,
            organization_id uuid NOT NULL,
            workspace_id uuid,
            name text NOT NULL,
            slug text NOT NULL,
            status text NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            timezone text NOT NULL,
            venue_name text,
            city text,
            sequence bigint NOT NULL,
            CONSTRAINT pk_events PRIMARY KEY (id),
            CONSTRAINT ck_events_status_is_known CHECK (status IN ('draft', 'published', 'ended', 'cancelled'))
        );
        CREATE TABLE organizations (
            id uuid NOT NULL,
            name text NOT NULL,
            suspended boolean NOT NULL,
            sequence bigint NOT NULL,
            CONSTRAINT pk_organizations PRIMARY KEY (id)
        );
        CREATE TABLE templates (
            id uuid NOT NULL,
            organization_id uuid NOT NULL,
            name text NOT NULL,
            version integer NOT NULL,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            CONSTRAINT pk_templates PRIMARY KEY (id),
            CONSTRAINT ck_templates_version_is_positive CHECK (version >= 1)
        );
        CREATE INDEX ix_templates_organization_id ON templates (organization_id, id);
        CREATE TABLE template_versions (
            template_id uuid NOT NULL,
            version integer NOT NULL,
            design jsonb NOT NULL,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            CONSTRAINT pk_template_versions PRIMARY KEY (template_id, version),
            CONSTRAINT fk_template_versions_template_id FOREIGN KEY (template_id) REFERENCES templates (id)
        );
        CREATE TABLE campaigns (
            id uuid NOT NULL,
            event_id uuid NOT NULL,
            organization_id uuid NOT NULL,
            template_id uuid NOT NULL,
            template_version integer NOT NULL,
            name text NOT NULL,
            slug text NOT NULL,
            fields jsonb NOT NULL,
            moderation text NOT NULL,
            status text NOT NULL,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            published_at timestamptz,
            CONSTRAINT pk_campaigns PRIMARY KEY (id),
            CONSTRAINT fk_campaigns_event_id FOREIGN KEY (event_id) REFERENCES events (id),
            CONSTRAINT fk_campaigns_template FOREIGN KEY (template_id, template_version)
                REFERENCES template_versions (template_id, version),
            CONSTRAINT uq_campaigns_slug UNIQUE (slug),
            CONSTRAINT ck_campaigns_moderation_is_known CHECK (moderation IN ('publish', 'hold_all')),
            CONSTRAINT ck_campaigns_status_is_known CHECK (status IN ('draft', 'published')),
            CONSTRAINT ck_campaigns_published_has_its_moment CHECK ((status = 'published') = (published_at IS NOT NULL))
        );
        CREATE INDEX ix_campaigns_event_id ON campaigns (event_id, id);
        CREATE TABLE dps (
            id uuid NOT NULL,
            campaign_id uuid NOT NULL,
            template_version integer NOT NULL,
            status text NOT NULL,
            held_for text,
            words jsonb NOT NULL,
            crop jsonb,
            image_key text,
            photo_key text,
            owner_token_hash bytea NOT NULL,
            maker_user_id uuid,
            version bigint NOT NULL,
            created_at timestamptz NOT NULL,
            judged_at timestamptz,
            judged_by text,
            removed_at timestamptz,
            CONSTRAINT pk_dps PRIMARY KEY (id),
            CONSTRAINT fk_dps_campaign_id FOREIGN KEY (campaign_id) REFERENCES campaigns (id),
            CONSTRAINT uq_dps_image_key UNIQUE (image_key),
            CONSTRAINT uq_dps_photo_key UNIQUE (photo_key),
            CONSTRAINT ck_dps_status_is_known CHECK (status IN ('ready', 'held', 'rejected', 'removed')),
            CONSTRAINT ck_dps_held_for_is_known CHECK (held_for IS NULL OR held_for IN ('policy', 'wording', 'reports')),
            CONSTRAINT ck_dps_held_has_its_reason CHECK ((status = 'held') = (held_for IS NOT NULL)),
            CONSTRAINT ck_dps_only_removed_has_no_image CHECK ((status = 'removed') = (image_key IS NULL)),
            CONSTRAINT ck_dps_removed_keeps_nothing_personal CHECK (
                status <> 'removed' OR (photo_key IS NULL AND words = '{}'::jsonb AND removed_at IS NOT NULL)
            ),
            CONSTRAINT ck_dps_judged_names_its_judge CHECK ((judged_at IS NULL) = (judged_by IS NULL))
        );
        CREATE INDEX ix_dps_shown ON dps (campaign_id, id) WHERE status = 'ready';
        CREATE INDEX ix_dps_waiting ON dps (campaign_id, id) WHERE status = 'held';
        CREATE TABLE reports (
            dp_id uuid NOT NULL,
            reporter text NOT NULL,
            reason text NOT NULL,
            times integer NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT pk_reports PRIMARY KEY (dp_id, reporter),
            CONSTRAINT fk_reports_dp_id FOREIGN KEY (dp_id) REFERENCES dps (id)
        );
        CREATE TABLE template_images (
            key text NOT NULL,
            organization_id uuid NOT NULL,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            CONSTRAINT pk_template_images PRIMARY KEY (key)
        );
        CREATE TABLE unwanted_objects (
            key text NOT NULL,
            delete_after timestamptz NOT NULL,
            CONSTRAINT pk_unwanted_objects PRIMARY KEY (key)
        );
        CREATE INDEX ix_unwanted_objects_delete_after ON unwanted_objects (delete_after);
        """
    )


def downgrade() -> None:
    op.execute(
        "DROP TABLE unwanted_objects, template_images, reports, dps, campaigns, template_versions, templates, organizations, events"
    )
    op.execute("DROP TABLE outbox, inbox, dead_letters, idempotency_keys, job_runs")
