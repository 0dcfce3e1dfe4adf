"""What the migrations make is what the code declares, and who may do what with it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from commerce.consumers import HANDLERS
from commerce.tables import metadata
from common.testing import RunService
from common.testing.hearing import assert_hears_what_it_is_told
from common.testing.schema import assert_migrations_match
from common.testing.servers import Servers


async def test_migrations_and_tables_are_the_same(servers: Servers) -> None:
    urls = servers.database("commerce")
    try:
        await assert_migrations_match(urls, metadata)
    finally:
        servers.drop(urls)


def test_every_message_for_commerce_has_an_action() -> None:
    assert_hears_what_it_is_told("commerce", HANDLERS)


@pytest.mark.parametrize("statement", ["UPDATE ledger_transfers SET amount = 1", "DELETE FROM ledger_transfers"])
async def test_what_the_ledger_says_cannot_be_unsaid(run: RunService, statement: str) -> None:
    async with run() as world:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with world.database.transaction() as tx:
                await tx.execute(text(statement))
