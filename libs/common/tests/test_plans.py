"""Kept statements are planned anew as tables grow: a plan made while a table was empty is no plan for a full one."""

import psycopg
import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.types import BigInteger

from common.clock import SystemClock, SystemEntropy
from common.db import Database
from common.postgres import Conversation
from common.testing.servers import DatabaseUrls, Servers

_MAKE = """
    CREATE TABLE grown (id bigint CONSTRAINT pk_grown PRIMARY KEY) WITH (autovacuum_enabled = false);
    GRANT ALL ON grown TO commerce;
    INSERT INTO grown VALUES (0);
    ANALYZE grown
"""
_FIND = text("SELECT id FROM grown WHERE id = :id").bindparams(bindparam("id", type_=BigInteger))
_ENOUGH_FOR_ONE_PLAN = 8
"""The server plans the first five times for the values at hand, and keeps a plan for all values then."""


@pytest.fixture
def urls(servers: Servers) -> DatabaseUrls:
    urls = servers.bare_database("commerce")
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute(_MAKE)
    return urls


async def plan_of(conversation: Conversation) -> str:
    kept = "SELECT name FROM pg_prepared_statements WHERE statement LIKE 'SELECT id FROM grown%'"
    name = await conversation.scalar(text(kept))
    lines = await conversation.execute(text(f"EXPLAIN (COSTS OFF) EXECUTE {name} (17)"))
    return "\n".join(line[0] for line in lines)


async def test_a_table_that_grew_is_read_by_its_index_once_the_plans_are_old(urls: DatabaseUrls) -> None:
    database = Database(urls.app, publisher="commerce", clock=SystemClock(), entropy=SystemEntropy(), pool_size=1)
    async with database.pool.link() as link:
        conversation = Conversation(link, autocommit=True)
        for number in range(_ENOUGH_FOR_ONE_PLAN):
            await conversation.execute(_FIND, {"id": number})
        await conversation.execute(text("INSERT INTO grown SELECT generate_series(1, 20000)"))
        await conversation.execute(_FIND, {"id": 17})
        assert "Seq Scan" in await plan_of(conversation), "the server keeps what it planned for one row"
        link._plans_end_at = 0.0
        assert (await conversation.execute(_FIND, {"id": 17})).scalar() == 17
        assert "Index Only Scan using pk_grown" in await plan_of(conversation)
        assert link._plans_end_at > 0.0, "the next plans last again"
    await database.close()


async def test_plans_are_never_renewed_within_a_transaction_nor_heard_of(urls: DatabaseUrls) -> None:
    """A transaction that wants to see one moment says so first; and whoever counts statements counts those asked for."""
    database = Database(urls.app, publisher="commerce", clock=SystemClock(), entropy=SystemEntropy(), pool_size=1)
    said: list[str] = []
    database.pool.observers.append(said.append)
    async with database.pool.link() as link:
        conversation = Conversation(link)
        link._plans_end_at = 0.0
        await conversation.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        renewed = link._plans_end_at
        link._plans_end_at = 0.0
        assert await conversation.scalar(_FIND, {"id": 0}) == 0
        assert (renewed > 0.0, link._plans_end_at) == (True, 0.0)
        await conversation.commit()
    assert [words.split()[0] for words in said] == ["BEGIN", "SET", "SELECT", "COMMIT"]
    await database.close()
