"""The way statements take to PostgreSQL: together in one round trip, all or none, and never on a connection that is gone."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import BigInteger, Column, Table, Text, bindparam, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DataError, IntegrityError, InvalidRequestError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from common.clock import SystemClock, SystemEntropy
from common.db import Database, Transaction, TypedId, constraint_of, moment, new_metadata
from common.ids import OrderId
from common.testing import eventually
from common.testing.servers import DatabaseUrls, Servers

things = Table(
    "things",
    new_metadata(),
    Column("id", BigInteger, primary_key=True),
    Column("order_id", TypedId(OrderId)),
    Column("name", Text),
    Column("details", JSONB),
    Column("made_at", moment()),
)
_MAKE = """
    CREATE TABLE things (id bigint CONSTRAINT pk_things PRIMARY KEY, order_id uuid, name text, details jsonb,
        made_at timestamptz);
    GRANT ALL ON things TO commerce
"""
_ADD = insert(things)
_FIND = select(things).where(things.c.id == bindparam("wanted"))


@pytest.fixture
def urls(servers: Servers) -> DatabaseUrls:
    urls = servers.bare_database("commerce")
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute(_MAKE)
    return urls


@asynccontextmanager
async def opened(urls: DatabaseUrls, connections: int = 4) -> AsyncIterator[Database]:
    database = Database(
        urls.app,
        publisher="commerce",
        clock=SystemClock(),
        entropy=SystemEntropy(),
        pool_size=connections,
        max_overflow=0,
    )
    try:
        yield database
    finally:
        await database.close()


async def names(tx: Transaction) -> list[str]:
    return [row.name for row in await tx.all(select(things.c.name).order_by(things.c.id))]


@asynccontextmanager
async def overheard(database: Database) -> AsyncIterator[list[str]]:
    said: list[str] = []
    database.pool.observers.append(said.append)
    yield said
    database.pool.observers.remove(said.append)


async def test_values_of_every_kind_come_back_as_they_went(urls: DatabaseUrls) -> None:
    order_id = OrderId.new(datetime.now(UTC), SystemEntropy())
    row = {
        "id": 2**40,
        "order_id": order_id,
        "name": "100 % 'Ada' :x $1 %s",
        "details": {"a": [1, None, "ü"]},
        "made_at": datetime(2026, 11, 20, 18, 0, 0, 123456, tzinfo=UTC),
    }
    async with opened(urls) as database, database.transaction() as tx:
        for written in (things.insert().values(**row), things.insert().values(**{**row, "id": 1, "details": None})):
            await tx.execute(written)
        found = await tx.one(_FIND, {"wanted": 2**40})
        assert found is not None
        assert found._asdict() == row
        assert type(found.order_id) is OrderId
        assert found._mapping[things.c.name] == row["name"]
        assert await tx.scalar(select(things.c.id).where(things.c.order_id.in_([order_id]), things.c.id < 2)) == 1
        assert await tx.scalar(select(things.c.id).where(things.c.order_id.in_([]))) is None


async def test_a_constant_takes_other_values_each_time_and_a_list_of_them_at_once(urls: DatabaseUrls) -> None:
    async with opened(urls) as database, database.transaction() as tx:
        await tx.execute(_ADD, [{"id": number, "name": f"n{number}"} for number in range(5)])
        for _ in range(3):
            for number in range(5):
                row = await tx.one(_FIND, {"wanted": number})
                assert row is not None
                assert (row.id, row.name, row.order_id) == (number, f"n{number}", None)
        renamed = update(things).values(name=bindparam("new")).where(things.c.id < bindparam("limit"))
        assert [(await tx.execute(renamed, {"new": "x", "limit": limit})).rowcount for limit in (2, 3, 4)] == [2, 3, 4]
        wanted = select(things.c.id).where(things.c.id.in_(bindparam("ids", expanding=True))).order_by(things.c.id)
        assert [[row.id for row in await tx.all(wanted, {"ids": ids})] for ids in ([1], [0, 4], [2, 3, 9])] == [
            [1],
            [0, 4],
            [2, 3],
        ]
        with pytest.raises(InvalidRequestError, match="wanted"):
            await tx.one(_FIND, {"other": 1})


async def test_statements_that_differ_in_their_values_alone_are_told_apart(urls: DatabaseUrls) -> None:
    async with opened(urls) as database, database.transaction() as tx:
        for number in range(4):
            await tx.execute(insert(things).values(id=number, name=f"n{number}"))
        for _ in range(3):
            for number in range(4):
                assert await tx.scalar(select(things.c.name).where(things.c.id == number)) == f"n{number}"
        await tx.execute(delete(things).where(things.c.id == 2))
        assert await names(tx) == ["n0", "n1", "n3"]


async def test_what_was_posted_is_written_with_the_commit_and_seen_by_what_follows(urls: DatabaseUrls) -> None:
    async with opened(urls) as database:
        async with database.transaction() as tx:
            tx.post(_ADD, {"id": 1, "name": "first"})
            assert await names(tx) == ["first"]
            tx.post(_ADD, {"id": 2, "name": "second"})
        async with database.transaction() as tx:
            assert await names(tx) == ["first", "second"]


async def test_what_was_posted_and_fails_undoes_everything_and_its_error_comes_with_the_commit(
    urls: DatabaseUrls,
) -> None:
    async with opened(urls) as database:
        with pytest.raises(IntegrityError) as failed:
            async with database.transaction() as tx:
                await tx.execute(_ADD, {"id": 1, "name": "first"})
                tx.post(_ADD, {"id": 1, "name": "again"})
                tx.post(_ADD, {"id": 2, "name": "behind it"})
        assert constraint_of(failed.value) == "pk_things"
        async with database.transaction() as tx:
            assert await names(tx) == []


async def test_a_transaction_that_says_nothing_costs_nothing(urls: DatabaseUrls) -> None:
    async with opened(urls) as database, overheard(database) as said:
        async with database.transaction():
            pass
        assert said == []
        async with database.transaction() as tx:
            await tx.scalar(text("SELECT 1"))
        assert said == ["BEGIN ISOLATION LEVEL READ COMMITTED", "SELECT 1", "COMMIT"]


async def test_an_error_names_its_statement_and_no_value(urls: DatabaseUrls) -> None:
    async with opened(urls) as database:
        with pytest.raises(DataError) as failed:
            async with database.transaction() as tx:
                await tx.execute(text("SELECT CAST(:secret AS integer)"), {"secret": "ada@example.org"})
        assert "SELECT CAST(" in str(failed.value)
        assert "[parameters" not in str(failed.value)


async def test_a_value_the_server_has_no_form_of_leaves_the_connection_as_it_was(urls: DatabaseUrls) -> None:
    async with opened(urls, connections=1) as database:
        before = await backend(database)
        with pytest.raises(DataError):
            async with database.transaction() as tx:
                tx.post(_ADD, {"id": 1, "name": "fine"})
                await tx.execute(_ADD, {"id": 2, "name": "a\x00b"})
        assert await backend(database) == before
        async with database.transaction() as tx:
            assert await names(tx) == []


async def test_what_is_cancelled_stops_at_the_server_and_the_connection_serves_the_next(urls: DatabaseUrls) -> None:
    async with opened(urls, connections=1) as database:
        before = await backend(database)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), database.transaction() as tx:
                await tx.execute(_ADD, {"id": 1, "name": "undone"})
                await tx.execute(text("SELECT pg_sleep(30)"))
        assert await asyncio.wait_for(backend(database), 5) == before
        async with database.transaction() as tx:
            assert await names(tx) == []
        assert running(urls) == 0


async def test_a_connection_the_server_ended_meanwhile_is_not_handed_out(urls: DatabaseUrls) -> None:
    async with opened(urls, connections=1) as database:
        before = await backend(database)
        with psycopg.connect(urls.superuser, autocommit=True) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s)", (before,))

            async def gone() -> bool:
                row = superuser.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (before,)).fetchone()
                return row is None

            await eventually(gone)
        assert await backend(database) != before


async def test_a_connection_that_ends_while_it_is_used_is_an_error_and_never_a_wait(urls: DatabaseUrls) -> None:
    async with opened(urls, connections=1) as database:
        with pytest.raises(OperationalError):
            async with asyncio.timeout(10), database.transaction() as tx:
                await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
                await tx.execute(text("SELECT 1"))
        assert await backend(database) > 0


async def test_whoever_finds_every_connection_in_use_waits_and_then_gives_up(urls: DatabaseUrls) -> None:
    async with opened(urls, connections=1) as database:
        database.pool.timeout = 0.05
        async with database.transaction():
            with pytest.raises(PoolTimeout):
                async with database.transaction():
                    pass
        database.pool.timeout = 5
        async with database.transaction() as first:
            waiting = asyncio.create_task(backend(database))
            used = await first.scalar(text("SELECT pg_backend_pid()"))
        assert await waiting == used


async def test_rows_are_streamed_some_at_a_time(urls: DatabaseUrls) -> None:
    async with opened(urls) as database, database.transaction() as tx:
        await tx.execute(_ADD, [{"id": number, "name": "n"} for number in range(7)])
        for at_once in (1, 3, 7, 100):
            streamed = tx.stream(select(things).where(things.c.id > 0).order_by(things.c.id), at_once)
            assert [row.id async for row in streamed] == [1, 2, 3, 4, 5, 6]


async def test_a_body_of_megabytes_goes_both_ways(urls: DatabaseUrls) -> None:
    long = "ü" * 3_000_000
    async with opened(urls) as database, database.transaction() as tx:
        await tx.execute(_ADD, [{"id": number, "name": long} for number in range(3)])
        assert [len(name) for name in await names(tx)] == [3_000_000] * 3


async def test_statements_made_for_one_time_are_forgotten_with_it(urls: DatabaseUrls) -> None:
    from common.postgres.statements import _constants

    async with opened(urls) as database, database.transaction() as tx:
        gc.collect()
        before = len(_constants)
        for number in range(50):
            await tx.execute(insert(things), {"id": number})
        gc.collect()
        assert len(_constants) <= before + 1


async def backend(database: Database) -> int:
    async with database.transaction() as tx:
        return int(await tx.scalar(text("SELECT pg_backend_pid()")))


def running(urls: DatabaseUrls) -> int:
    """How many statements the server works on for the service."""
    with psycopg.connect(urls.superuser) as superuser:
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'commerce' AND state <> 'idle' AND datname = %s"
        row = superuser.execute(query, (urls.name,)).fetchone()
    return int(row[0]) if row else 0
