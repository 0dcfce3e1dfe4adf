"""The tables a service declares and those its migrations make are the same; this finds out."""

import asyncio
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, pool

from common.house_tables import HOUSE
from common.testing.servers import DatabaseUrls


def schema_differences(urls: DatabaseUrls, metadata: MetaData) -> list[Any]:
    """What differs between a migrated database and the declared tables, the house's included."""
    declared = MetaData(naming_convention=metadata.naming_convention)
    for table in (*metadata.sorted_tables, *HOUSE.sorted_tables):
        table.to_metadata(declared)
    engine = create_engine(urls.owner, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, declared)
    engine.dispose()
    return found


async def assert_migrations_match(urls: DatabaseUrls, metadata: MetaData) -> None:
    """Fail, naming each difference, when migrations and declared tables are not the same."""
    differences = await asyncio.to_thread(schema_differences, urls, metadata)
    assert differences == []
