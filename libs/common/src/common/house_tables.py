"""The tables every service carries: outbox, inbox, dead letters, idempotency answers and job runs.

The frozen SQL below is what each service's first migration runs; a later change of these tables is a further constant and
a further migration in every service. `HOUSE` describes the newest state, and a test in each service compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

HOUSE = MetaData()
_MOMENT = DateTime(timezone=True)

outbox = Table(
    "outbox",
    HOUSE,
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("message_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("traceparent", Text),
    Column("created_at", _MOMENT, nullable=False),
    Column("sent_at", _MOMENT),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("set_aside_at", _MOMENT),
    Column("last_error", Text),
    PrimaryKeyConstraint("position", name="pk_outbox"),
    UniqueConstraint("message_id", name="uq_outbox_message_id"),
)
Index("ix_outbox_unsent", outbox.c.position, postgresql_where=text("sent_at IS NULL AND set_aside_at IS NULL"))
Index("ix_outbox_sent_at", outbox.c.sent_at, postgresql_where=text("sent_at IS NOT NULL"))
Index("ix_outbox_set_aside", outbox.c.position, postgresql_where=text("set_aside_at IS NOT NULL"))

inbox = Table(
    "inbox",
    HOUSE,
    Column("consumer", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("first_seen_at", _MOMENT, nullable=False),
    Column("handled_at", _MOMENT),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    PrimaryKeyConstraint("consumer", "message_id", name="pk_inbox"),
)
Index("ix_inbox_first_seen_at", inbox.c.first_seen_at)

dead_letters = Table(
    "dead_letters",
    HOUSE,
    Column("consumer", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("trace_id", Text),
    Column("failures", Integer, nullable=False),
    Column("died_at", _MOMENT, nullable=False),
    Column("replayed_at", _MOMENT),
    PrimaryKeyConstraint("consumer", "message_id", name="pk_dead_letters"),
)

idempotency_keys = Table(
    "idempotency_keys",
    HOUSE,
    Column("principal", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("leased_until", _MOMENT),
    Column("status", Integer),
    Column("media_type", Text),
    Column("body", Text),
    PrimaryKeyConstraint("principal", "key", name="pk_idempotency_keys"),
)
Index("ix_idempotency_keys_created_at", idempotency_keys.c.created_at)

job_runs = Table(
    "job_runs",
    HOUSE,
    Column("job", Text, nullable=False),
    Column("started_at", _MOMENT, nullable=False),
    Column("finished_at", _MOMENT),
    Column("last_error", Text),
    PrimaryKeyConstraint("job", name="pk_job_runs"),
)

HOUSE_TABLES_1 = """
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY,
    message_id uuid NOT NULL,
    subject text NOT NULL,
    type text NOT NULL,
    aggregate_id text NOT NULL,
    sequence bigint NOT NULL,
    body text NOT NULL,
    traceparent text,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    set_aside_at timestamptz,
    last_error text,
    CONSTRAINT pk_outbox PRIMARY KEY (position),
    CONSTRAINT uq_outbox_message_id UNIQUE (message_id)
);
CREATE INDEX ix_outbox_unsent ON outbox (position) WHERE sent_at IS NULL AND set_aside_at IS NULL;
CREATE INDEX ix_outbox_sent_at ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE TABLE inbox (
    consumer text NOT NULL,
    message_id text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    handled_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    last_error text,
    CONSTRAINT pk_inbox PRIMARY KEY (consumer, message_id)
);
CREATE INDEX ix_inbox_first_seen_at ON inbox (first_seen_at);
CREATE TABLE dead_letters (
    consumer text NOT NULL,
    message_id text NOT NULL,
    subject text NOT NULL,
    type text NOT NULL,
    headers jsonb NOT NULL,
    body text NOT NULL,
    error text NOT NULL,
    trace_id text,
    failures integer NOT NULL,
    died_at timestamptz NOT NULL,
    replayed_at timestamptz,
    CONSTRAINT pk_dead_letters PRIMARY KEY (consumer, message_id)
);
CREATE TABLE idempotency_keys (
    principal text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    created_at timestamptz NOT NULL,
    leased_until timestamptz,
    status integer,
    media_type text,
    body text,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (principal, key)
);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE TABLE job_runs (
    job text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    last_error text,
    CONSTRAINT pk_job_runs PRIMARY KEY (job)
);
"""

# Nothing was released before this: no outbox is large yet, and nobody writes meanwhile.
HOUSE_TABLES_2 = """
-- squawk-ignore-file require-concurrent-index-creation
-- Readiness counts what is set aside: without this it reads every message of a week, each time somebody asks.
CREATE INDEX ix_outbox_set_aside ON outbox (position) WHERE set_aside_at IS NOT NULL;
"""
