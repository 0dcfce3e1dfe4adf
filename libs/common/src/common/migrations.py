"""Runs a service's Alembic migrations as its owner role. Each service's `migrations/env.py` is one call of `run_environment`.

A migration waits at most three seconds for a lock and then gives up rather than queue every reader behind it; it is tried
again a few times. Migrations only ever expand within a release; what they contract belongs to the next one.
"""

import importlib
import time
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, pool, text
from sqlalchemy.exc import OperationalError

from common.telemetry import logger

log = logger("migrations")

_TRIES = 5


def folder_of(service: str) -> Path:
    """Where a service keeps its migrations: beside `src` in the tree, inside the package in an image."""
    package = Path(str(importlib.import_module(service).__file__)).parent
    packaged = package / "_migrations"
    return packaged if packaged.is_dir() else package.parent.parent / "migrations"


def configuration(service: str, url: str | None = None) -> Config:
    """Alembic's configuration for a service. `url` is the owner's."""
    config = Config()
    config.set_main_option("script_location", str(folder_of(service)))
    config.attributes["url"] = url
    return config


def newest_revision(service: str) -> str | None:
    """The revision the code expects."""
    return ScriptDirectory.from_config(configuration(service)).get_current_head()


def migrate(service: str, url: str) -> bool:
    """Bring the database to the newest revision. False when it was there already. Raises when locks stay taken."""
    head = newest_revision(service)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        known = connection.scalar(text("SELECT to_regclass('alembic_version')"))
        current = connection.scalar(text("SELECT version_num FROM alembic_version")) if known else None
    engine.dispose()
    if current == head:
        return False
    for left in range(_TRIES - 1, -1, -1):
        try:
            command.upgrade(configuration(service, url), "head")
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03" or not left:
                raise
            log.warning("a lock is taken; the migration tries again", service=service, tries_left=left)
            time.sleep(2)
        else:
            return True
    return True


def upgrade_sql(service: str) -> None:
    """Print the SQL of all migrations, for the migration linter."""
    command.upgrade(configuration(service), "head", sql=True)


def run_environment(metadata: MetaData) -> None:
    """The whole of a service's `env.py`."""
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '3s'"))
        connection.execute(text("SELECT pg_advisory_lock(hashtext('lanyard migrations'))"))
        connection.commit()
        context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
