"""What is declared is what the migrations make."""

from common.testing.schema import assert_migrations_match
from common.testing.servers import Servers
from identity.tables import metadata


async def test_the_migrations_make_the_declared_tables(servers: Servers) -> None:
    urls = servers.database("identity")
    await assert_migrations_match(urls, metadata)
    servers.drop(urls)
