"""The platform's own: its one state, its people, and the backers who may come in while the gate is on."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from common.db import TypedId, moment
from common.ids import AdminId, BackerId, UserId
from identity.tables.base import metadata

app_state = Table(
    "app_state",
    metadata,
    Column("key", Text, primary_key=True),
    Column("crowdfunding_active", Boolean, nullable=False),
    Column("changed_at", moment(), nullable=False),
    Column("changed_by", Text, nullable=False),
    CheckConstraint("key = 'config'", name="there_is_one"),
)

admins = Table(
    "admins",
    metadata,
    Column("id", TypedId(AdminId), primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("note", Text),
    Column("added_at", moment(), nullable=False),
    Column("added_by", Text, nullable=False),
    UniqueConstraint("email_key", name="uq_admins_email_key"),
)

platform_roles = Table(
    "platform_roles",
    metadata,
    Column("user_id", TypedId(UserId), ForeignKey("users.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("granted_at", moment(), nullable=False),
    Column("granted_by", Text, nullable=False),
    PrimaryKeyConstraint("user_id", "role", name="pk_platform_roles"),
    CheckConstraint("role IN ('moderator', 'support', 'release_manager')", name="role_is_known"),
)

crowdfunding_backers = Table(
    "crowdfunding_backers",
    metadata,
    Column("id", TypedId(BackerId), primary_key=True),
    Column("username", Text, nullable=False),
    Column("username_key", Text, nullable=False),
    Column("access_code_digest", LargeBinary, nullable=False),
    Column("tier", Text, nullable=False),
    Column("used_by_user_id", TypedId(UserId), ForeignKey("users.id")),
    Column("used_at", moment()),
    Column("added_at", moment(), nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    UniqueConstraint("username_key", "access_code_digest", name="uq_crowdfunding_backers_name_and_code"),
    UniqueConstraint("used_by_user_id", name="uq_crowdfunding_backers_used_by_user_id"),
    CheckConstraint("(used_by_user_id IS NULL) = (used_at IS NULL)", name="use_has_a_time"),
)
