"""What the service declares and what is there are the same."""

from common.testing.hearing import assert_hears_what_it_is_told
from common.testing.schema import assert_migrations_match
from common.testing.servers import Servers
from common.tokens import SigningKey
from events.consumers import handlers
from events.formats.pass_code import PassCodes
from events.tables import metadata


async def test_the_migrations_make_the_declared_tables(servers: Servers) -> None:
    urls = servers.database("events")
    try:
        await assert_migrations_match(urls, metadata)
    finally:
        servers.drop(urls)


def test_it_listens_to_what_the_catalogue_says_it_hears(pass_code_key: SigningKey) -> None:
    assert_hears_what_it_is_told("events", handlers(PassCodes.from_json(pass_code_key.private_json())))
