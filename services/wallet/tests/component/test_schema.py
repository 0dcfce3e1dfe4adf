"""The migrations make what the tables declare."""

from common.testing.schema import assert_migrations_match
from common.testing.servers import Servers
from wallet.tables import metadata


async def test_migrations_and_tables_are_the_same(servers: Servers) -> None:
    urls = servers.database("wallet")
    try:
        await assert_migrations_match(urls, metadata)
    finally:
        servers.drop(urls)
