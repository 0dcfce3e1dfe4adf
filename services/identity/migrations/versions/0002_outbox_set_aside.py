"""An index of the messages that the broker keeps refusing: readiness counts them."""

from alembic import op

from common.house_tables import HOUSE_TABLES_2

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(HOUSE_TABLES_2)


def downgrade() -> None:
    op.execute("DROP INDEX ix_outbox_set_aside")
