"""Secrets of organisers' webhooks are kept sealed, and the columns say so.

What lies there unsealed is sealed by `./lanyard run webhooks:reseal`, as a migration has no key; until then it signs
nothing, and what is to be told waits. Nothing was released before this.
"""

from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

# Nothing was released before this: nobody reads the old names meanwhile.
_RENAMED = """
-- squawk-ignore-file renaming-column
ALTER TABLE webhook_endpoints RENAME COLUMN secret TO sealed_secret;
ALTER TABLE webhook_endpoints RENAME COLUMN old_secret TO sealed_old_secret;
"""


def upgrade() -> None:
    op.execute(_RENAMED)


def downgrade() -> None:
    op.execute("ALTER TABLE webhook_endpoints RENAME COLUMN sealed_old_secret TO old_secret")
    op.execute("ALTER TABLE webhook_endpoints RENAME COLUMN sealed_secret TO secret")
