"""People. A row exists only for someone who proved the address."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from common.db import TypedId, moment
from common.ids import BackerId, UserId
from identity.tables.base import metadata

users = Table(
    "users",
    metadata,
    Column("id", TypedId(UserId), primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("name", Text),
    Column("created_at", moment(), nullable=False),
    Column("suspended_at", moment()),
    Column("crowdfunding_backer_id", TypedId(BackerId)),
    Column("membership_count", SmallInteger, nullable=False, server_default=text("0")),
    Column("authorization_version", BigInteger, nullable=False, server_default=text("1")),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    UniqueConstraint("email_key", name="uq_users_email_key"),
    UniqueConstraint("crowdfunding_backer_id", name="uq_users_crowdfunding_backer_id"),
    ForeignKeyConstraint(
        ["crowdfunding_backer_id"],
        ["crowdfunding_backers.id"],
        name="fk_users_crowdfunding_backer_id",
        use_alter=True,
    ),
    CheckConstraint("membership_count BETWEEN 0 AND 200", name="memberships_are_few"),
)
