"""The first tables."""

from alembic import op

from common.house_tables import HOUSE_TABLES_1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE admins (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    note text,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL,
    CONSTRAINT pk_admins PRIMARY KEY (id),
    CONSTRAINT uq_admins_email_key UNIQUE (email_key)
);
CREATE TABLE app_state (
    key text NOT NULL,
    crowdfunding_active boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT pk_app_state PRIMARY KEY (key),
    CONSTRAINT ck_app_state_there_is_one CHECK (key = 'config')
);
CREATE TABLE attempts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    network text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT pk_attempts PRIMARY KEY (id)
);
CREATE INDEX ix_attempts_by_network ON attempts (kind, network, at);
CREATE TABLE audit_entries (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    address text,
    details jsonb NOT NULL,
    CONSTRAINT pk_audit_entries PRIMARY KEY (id)
);
CREATE INDEX ix_audit_entries_by_target ON audit_entries (target, id);
CREATE TABLE gateway_leases (
    replica text NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT pk_gateway_leases PRIMARY KEY (replica)
);
CREATE TABLE mails (
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    recipient text NOT NULL,
    content bytea,
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    gives_up_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    failed_at timestamptz,
    last_error text,
    CONSTRAINT pk_mails PRIMARY KEY (id),
    CONSTRAINT uq_mails_key UNIQUE (key),
    CONSTRAINT ck_mails_sent_or_failed CHECK (sent_at IS NULL OR failed_at IS NULL),
    CONSTRAINT ck_mails_content_is_kept_until_settled
        CHECK ((content IS NULL) = (sent_at IS NOT NULL OR failed_at IS NOT NULL))
);
CREATE INDEX ix_mails_created_at ON mails (created_at);
CREATE INDEX ix_mails_due ON mails (next_attempt_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE TABLE organizations (
    id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    owner_count integer NOT NULL,
    suspended_at timestamptz,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_organizations PRIMARY KEY (id),
    CONSTRAINT uq_organizations_slug UNIQUE (slug),
    CONSTRAINT ck_organizations_has_an_owner CHECK (owner_count >= 1)
);
CREATE TABLE session_drops (
    position bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_session_drops PRIMARY KEY (position)
);
CREATE INDEX ix_session_drops_created_at ON session_drops (created_at);
CREATE TABLE users (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    name text,
    created_at timestamptz NOT NULL,
    suspended_at timestamptz,
    crowdfunding_backer_id uuid,
    membership_count smallint NOT NULL DEFAULT 0,
    authorization_version bigint NOT NULL DEFAULT 1,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uq_users_email_key UNIQUE (email_key),
    CONSTRAINT uq_users_crowdfunding_backer_id UNIQUE (crowdfunding_backer_id),
    CONSTRAINT ck_users_memberships_are_few CHECK (membership_count BETWEEN 0 AND 200)
);
CREATE TABLE api_keys (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    digest bytea NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_api_keys PRIMARY KEY (id),
    CONSTRAINT ck_api_keys_role_is_known CHECK (role IN ('admin', 'manager', 'finance', 'scanner', 'viewer')),
    CONSTRAINT fk_api_keys_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id)
);
CREATE INDEX ix_api_keys_organization_id ON api_keys (organization_id);
CREATE TABLE crowdfunding_backers (
    id uuid NOT NULL,
    username text NOT NULL,
    username_key text NOT NULL,
    access_code_digest bytea NOT NULL,
    tier text NOT NULL,
    used_by_user_id uuid,
    used_at timestamptz,
    added_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_crowdfunding_backers PRIMARY KEY (id),
    CONSTRAINT uq_crowdfunding_backers_name_and_code UNIQUE (username_key, access_code_digest),
    CONSTRAINT uq_crowdfunding_backers_used_by_user_id UNIQUE (used_by_user_id),
    CONSTRAINT ck_crowdfunding_backers_use_has_a_time CHECK ((used_by_user_id IS NULL) = (used_at IS NULL)),
    CONSTRAINT fk_crowdfunding_backers_used_by_user_id FOREIGN KEY (used_by_user_id) REFERENCES users (id)
);
CREATE TABLE devices (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    digest bytea NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_devices PRIMARY KEY (id),
    CONSTRAINT ck_devices_role_is_known CHECK (role IN ('admin', 'manager', 'finance', 'scanner', 'viewer')),
    CONSTRAINT fk_devices_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id)
);
CREATE INDEX ix_devices_organization_id ON devices (organization_id);
CREATE TABLE notifications (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    link text,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    CONSTRAINT pk_notifications PRIMARY KEY (id),
    CONSTRAINT uq_notifications_one_per_key UNIQUE (user_id, key),
    CONSTRAINT fk_notifications_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX ix_notifications_by_user ON notifications (user_id, id);
CREATE INDEX ix_notifications_unread ON notifications (user_id) WHERE read_at IS NULL;
CREATE TABLE platform_roles (
    user_id uuid NOT NULL,
    role text NOT NULL,
    granted_at timestamptz NOT NULL,
    granted_by text NOT NULL,
    CONSTRAINT pk_platform_roles PRIMARY KEY (user_id, role),
    CONSTRAINT ck_platform_roles_role_is_known CHECK (role IN ('moderator', 'support', 'release_manager')),
    CONSTRAINT fk_platform_roles_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE TABLE sign_ins (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    method text NOT NULL,
    device text,
    address text,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_sign_ins PRIMARY KEY (id),
    CONSTRAINT ck_sign_ins_method_is_known CHECK (method IN ('code', 'link')),
    CONSTRAINT ck_sign_ins_end_reason_is_known
        CHECK (end_reason IN ('signed_out', 'revoked', 'session_replaced', 'token_reuse', 'expired')),
    CONSTRAINT ck_sign_ins_end_has_a_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT fk_sign_ins_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX ix_sign_ins_by_user ON sign_ins (user_id, id);
CREATE INDEX ix_sign_ins_ended_at ON sign_ins (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX ix_sign_ins_live ON sign_ins (user_id) WHERE ended_at IS NULL;
CREATE TABLE team_members (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_team_members PRIMARY KEY (id),
    CONSTRAINT uq_team_members_one_per_user UNIQUE (organization_id, user_id),
    CONSTRAINT ck_team_members_role_is_known
        CHECK (role IN ('owner', 'admin', 'manager', 'finance', 'scanner', 'viewer')),
    CONSTRAINT fk_team_members_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT fk_team_members_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX ix_team_members_user_id ON team_members (user_id);
CREATE TABLE workspaces (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_workspaces PRIMARY KEY (id),
    CONSTRAINT uq_workspaces_slug UNIQUE (organization_id, slug),
    CONSTRAINT fk_workspaces_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id)
);
CREATE TABLE challenges (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    purpose text NOT NULL,
    digest bytea NOT NULL,
    backer_id uuid,
    network text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    wrong_guesses smallint NOT NULL DEFAULT 0,
    ended_at timestamptz,
    outcome text,
    CONSTRAINT pk_challenges PRIMARY KEY (id),
    CONSTRAINT ck_challenges_purpose_is_known CHECK (purpose IN ('code', 'link')),
    CONSTRAINT ck_challenges_outcome_is_known CHECK (outcome IN ('used', 'voided', 'burned')),
    CONSTRAINT ck_challenges_end_has_an_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT ck_challenges_guesses_are_few CHECK (wrong_guesses BETWEEN 0 AND 5),
    CONSTRAINT ck_challenges_fifth_wrong_guess_burns CHECK (wrong_guesses < 5 OR ended_at IS NOT NULL),
    CONSTRAINT fk_challenges_backer_id FOREIGN KEY (backer_id) REFERENCES crowdfunding_backers (id)
);
CREATE INDEX ix_challenges_by_address ON challenges (email_key, created_at);
CREATE INDEX ix_challenges_by_network ON challenges (network, created_at);
CREATE INDEX ix_challenges_created_at ON challenges (created_at);
CREATE UNIQUE INDEX uq_challenges_one_live_per_address ON challenges (email_key) WHERE ended_at IS NULL;
CREATE TABLE invitations (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    workspace_id uuid,
    email text NOT NULL,
    email_key text NOT NULL,
    role text NOT NULL,
    digest bytea NOT NULL,
    invited_by text NOT NULL,
    opens_gate boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text,
    CONSTRAINT pk_invitations PRIMARY KEY (id),
    CONSTRAINT uq_invitations_digest UNIQUE (digest),
    CONSTRAINT ck_invitations_outcome_is_known CHECK (outcome IN ('accepted', 'replaced')),
    CONSTRAINT ck_invitations_end_has_an_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT ck_invitations_role_is_known
        CHECK ((workspace_id IS NULL AND role IN ('owner', 'admin', 'manager', 'finance', 'scanner', 'viewer')) OR
            (workspace_id IS NOT NULL AND role IN ('manager', 'editor', 'viewer'))),
    CONSTRAINT fk_invitations_organization_id FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT fk_invitations_workspace_id FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);
CREATE INDEX ix_invitations_open_by_address ON invitations (email_key) WHERE ended_at IS NULL;
CREATE INDEX ix_invitations_organization_id ON invitations (organization_id);
CREATE TABLE refresh_tokens (
    digest bytea NOT NULL,
    sign_in_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    used_from text,
    retry_id text,
    successor_nonce bytea,
    CONSTRAINT pk_refresh_tokens PRIMARY KEY (digest),
    CONSTRAINT ck_refresh_tokens_used_has_a_successor CHECK ((used_at IS NULL) = (successor_nonce IS NULL)),
    CONSTRAINT fk_refresh_tokens_sign_in_id FOREIGN KEY (sign_in_id) REFERENCES sign_ins (id) ON DELETE CASCADE
);
CREATE INDEX ix_refresh_tokens_sign_in_id ON refresh_tokens (sign_in_id);
CREATE UNIQUE INDEX uq_refresh_tokens_one_unused_per_sign_in ON refresh_tokens (sign_in_id) WHERE used_at IS NULL;
CREATE TABLE workspace_members (
    id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT pk_workspace_members PRIMARY KEY (id),
    CONSTRAINT uq_workspace_members_one_per_user UNIQUE (workspace_id, user_id),
    CONSTRAINT ck_workspace_members_role_is_known CHECK (role IN ('manager', 'editor', 'viewer')),
    CONSTRAINT fk_workspace_members_workspace_id FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    CONSTRAINT fk_workspace_members_user_id FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX ix_workspace_members_user_id ON workspace_members (user_id);
ALTER TABLE users ADD CONSTRAINT fk_users_crowdfunding_backer_id
    FOREIGN KEY (crowdfunding_backer_id) REFERENCES crowdfunding_backers (id);
"""

NAMES = (
    "workspace_members",
    "refresh_tokens",
    "invitations",
    "challenges",
    "workspaces",
    "team_members",
    "sign_ins",
    "platform_roles",
    "notifications",
    "devices",
    "crowdfunding_backers",
    "api_keys",
    "users",
    "session_drops",
    "organizations",
    "mails",
    "gateway_leases",
    "audit_entries",
    "attempts",
    "app_state",
    "admins",
)


def upgrade() -> None:
    op.execute(HOUSE_TABLES_1)
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP CONSTRAINT fk_users_crowdfunding_backer_id")
    for name in (*NAMES, "outbox", "inbox", "dead_letters", "idempotency_keys", "job_runs"):
        op.execute(f"DROP TABLE {name}")
