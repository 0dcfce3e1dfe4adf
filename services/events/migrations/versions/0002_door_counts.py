"""What was last told of each event's doors, and which doors have moved since."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE door_counts (
    event_id uuid NOT NULL,
    sequence bigint NOT NULL,
    issued integer NOT NULL,
    admitted integer NOT NULL,
    inside integer NOT NULL,
    counted_at timestamptz NOT NULL,
    CONSTRAINT pk_door_counts PRIMARY KEY (event_id),
    CONSTRAINT fk_door_counts_event_id_events FOREIGN KEY (event_id) REFERENCES events (id),
    CONSTRAINT ck_door_counts_sequence_is_positive CHECK (sequence > 0)
);
CREATE TABLE door_marks (
    position bigint GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL,
    CONSTRAINT pk_door_marks PRIMARY KEY (position),
    CONSTRAINT fk_door_marks_event_id_events FOREIGN KEY (event_id) REFERENCES events (id)
);
"""


def upgrade() -> None:
    """Make both."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Take both back."""
    op.execute("DROP TABLE door_marks, door_counts")
