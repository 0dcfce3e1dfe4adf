"""One connection in pipeline mode: what it keeps prepared, whose answer is whose, and that neither side waits for the other."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import text

from common.postgres import link as links
from common.postgres.link import Link
from common.postgres.statements import Ready, ready
from common.testing.servers import DatabaseUrls


@pytest.fixture
async def link(urls: DatabaseUrls) -> AsyncIterator[Link]:
    opened = await Link.open(urls.superuser, "test", [])
    yield opened
    opened.close()


def said(statement: str, **values: Any) -> Ready:
    return ready(text(statement), values or None)


async def ask(link: Link, statement: str, **values: Any) -> str | None:
    """The first value of the only statement, as the server writes it."""
    [result] = await link.run([said(statement, **values)])
    value = result.get_value(0, 0) if result.ntuples else None
    return None if value is None else value.decode()


async def refused(link: Link) -> str:
    with pytest.raises(psycopg.Error) as error:
        await ask(link, "SELECT 1")
    return type(error.value).__name__


async def prepared(link: Link) -> list[str]:
    """What the server keeps for this connection, without the question itself."""
    question = (
        "SELECT string_agg(statement, '|' ORDER BY name) FROM pg_prepared_statements WHERE statement NOT LIKE '%_agg%'"
    )
    kept = await ask(link, question)
    return kept.split("|") if kept else []


async def test_a_statement_is_prepared_at_its_second_use_and_once_however_often_a_batch_holds_it(link: Link) -> None:
    once = [said("SELECT CAST(:n AS int) + 1", n=7)]
    assert [result.get_value(0, 0) for result in await link.run(once)] == [b"8"]
    assert await prepared(link) == []
    batch = [said("SELECT CAST(:n AS int) + 1", n=number) for number in range(5)]
    for _ in range(2):
        assert [result.get_value(0, 0) for result in await link.run(batch)] == [b"1", b"2", b"3", b"4", b"5"]
        assert await prepared(link) == ["SELECT CAST($1 AS int) + 1"]


async def test_within_the_first_batch_that_holds_it_a_statement_is_prepared_once_as_well(link: Link) -> None:
    batch = [said("SELECT CAST(:n AS int) * 2", n=number) for number in range(4)]
    assert [result.get_value(0, 0) for result in await link.run(batch)] == [b"0", b"2", b"4", b"6"]
    assert await prepared(link) == ["SELECT CAST($1 AS int) * 2"]


async def test_values_of_other_types_make_another_statement(link: Link) -> None:
    for _ in range(2):
        assert await ask(link, "SELECT pg_typeof(:value)", value=1) == "smallint"
        assert await ask(link, "SELECT pg_typeof(:value)", value=1.5) == "double precision"
    assert await prepared(link) == ["SELECT pg_typeof($1)"] * 2


async def test_a_statement_whose_preparation_failed_is_prepared_once_its_table_exists(link: Link) -> None:
    for _ in range(3):
        with pytest.raises(psycopg.errors.UndefinedTable):
            await ask(link, "SELECT count(*) FROM later")
    assert await prepared(link) == []
    await link.run([said("CREATE TEMPORARY TABLE later (id int)")])
    for _ in range(2):
        assert await ask(link, "SELECT count(*) FROM later") == "0"
    assert await prepared(link) == ["SELECT count(*) FROM later"]


async def test_what_stands_behind_a_failure_counts_as_prepared_no_more_than_that(link: Link) -> None:
    await link.run([said("SELECT 11"), said("SELECT 1 / CAST(:by AS int)", by=1)])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await link.run([said("SELECT 1 / CAST(:by AS int)", by=0), said("SELECT 11"), said("SELECT 11")])
    assert await prepared(link) == ["SELECT 1 / CAST($1 AS int)"]
    assert await ask(link, "SELECT 11") == "11"
    assert await ask(link, "SELECT 1 / CAST(:by AS int)", by=1) == "1"
    assert await prepared(link) == ["SELECT 1 / CAST($1 AS int)", "SELECT 11"]


async def test_no_more_is_prepared_than_the_limit_and_the_rest_works_as_before(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_PREPARED_AT_MOST", 20)
    batch = [said(f"SELECT {number}") for number in range(30)]
    for _ in range(3):
        assert [result.get_value(0, 0) for result in await link.run(batch)] == [b"%d" % n for n in range(30)]
    assert sorted(await prepared(link)) == sorted(f"SELECT {number}" for number in range(20))


async def test_statements_seen_once_are_remembered_in_limited_number(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_SEEN_AT_MOST", 10)
    for number in range(35):
        assert await ask(link, f"SELECT {number}") == str(number)
        assert len(link._seen) <= 10


async def test_the_first_that_failed_is_named_and_none_behind_it_took_effect(link: Link) -> None:
    await link.run([said("CREATE TEMPORARY TABLE kept (id int PRIMARY KEY)")])
    add = "INSERT INTO kept VALUES (CAST(:id AS int))"
    for _ in range(2):  # unprepared, and prepared
        with pytest.raises(psycopg.errors.UniqueViolation):
            await link.run([said("SELECT 1"), said(add, id=1), said(add, id=1), said("SELECT 1 / 0"), said(add, id=2)])
        assert link.failed_at == 2
        assert await ask(link, "SELECT count(*) FROM kept") == "0"


async def test_an_error_within_a_transaction_leaves_it_failed_until_it_is_rolled_back(link: Link) -> None:
    await link.run([said("CREATE TEMPORARY TABLE kept (id int)")])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await link.run([said("BEGIN"), said("INSERT INTO kept VALUES (1)"), said("SELECT 1 / 0"), said("COMMIT")])
    assert link.failed_at == 2
    assert link._wire.transaction_status == TransactionStatus.INERROR
    assert [link.usable, await refused(link), link.usable] == [False, "InFailedSqlTransaction", False]
    await link.run([said("ROLLBACK")])
    assert [link.usable] == [True]
    assert await ask(link, "SELECT count(*) FROM kept") == "0"


@pytest.mark.parametrize("value", ["a\x00b", "half \ud83d", object()], ids=["NUL", "half a character", "no adapter"])
async def test_a_value_that_cannot_be_turned_is_named_and_nothing_was_sent(link: Link, value: object) -> None:
    await link.run([said("CREATE TEMPORARY TABLE kept (id int)")])
    batch = [said("INSERT INTO kept VALUES (1)"), said("SELECT CAST(:value AS text)", value=value), said("SELECT 1")]
    with pytest.raises((psycopg.DataError, psycopg.ProgrammingError)) as failed:
        await link.run(batch)
    assert isinstance(failed.value, psycopg.DataError) == isinstance(value, str)
    assert link.failed_at == 1
    assert link.usable
    assert await ask(link, "SELECT count(*) FROM kept") == "0"


async def test_more_values_than_the_protocol_counts_are_refused_and_half_a_batch_never_stays(link: Link) -> None:
    many = said("SELECT 1")._replace(values=[1] * 70_000)
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError, match="65535"):
            await link.run([many])
        assert link._prepared == {}
    assert link.usable
    with pytest.raises(psycopg.OperationalError, match="65535"):
        await link.run([said("SELECT 1"), many])
    assert link.failed_at == 1
    assert link.broken


async def test_values_beyond_what_the_sockets_hold_go_out_while_as_much_comes_in(link: Link) -> None:
    long = "x" * 8_000_000
    batch = [said("SELECT CAST(:a AS text)", a=long + str(number)) for number in range(6)]
    async with asyncio.timeout(30):
        for _ in range(2):
            assert [len(result.get_value(0, 0) or b"") for result in await link.run(batch)] == [8_000_001] * 6
    assert link.usable


async def test_notices_come_between_answers_and_are_none(link: Link) -> None:
    heard: list[str | None] = []
    link._connection.add_notice_handler(lambda notice: heard.append(notice.message_primary))
    shout = "DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$"
    results = await link.run([said("SELECT 1"), said(shout), said("SELECT 2"), said("ROLLBACK")])
    assert [result.command_tuples for result in results] == [1, None, 1, None]
    assert results[2].get_value(0, 0) == b"2"
    assert heard == ["one", "two", "there is no transaction in progress"]
    assert link.usable


@pytest.mark.parametrize("copy", ["COPY (SELECT 1) TO STDOUT", "COPY kept FROM STDIN"])
async def test_copying_is_refused_at_once_and_costs_the_connection(link: Link, copy: str) -> None:
    await link.run([said("CREATE TEMPORARY TABLE kept (id int)")])
    with pytest.raises(psycopg.NotSupportedError, match="COPY does not go"):
        await link.run([said("SELECT 1"), said(copy), said("SELECT 2")])
    assert link.broken


async def test_a_second_task_on_one_connection_is_refused_and_takes_nobodys_answer(link: Link) -> None:
    first = asyncio.create_task(ask(link, "SELECT 'first' FROM pg_sleep(0.2)"))
    await asyncio.sleep(0)
    with pytest.raises(psycopg.ProgrammingError, match="another task"):
        await ask(link, "SELECT 'second'")
    assert await first == "first"
    assert await ask(link, "SELECT 'third'") == "third"


async def test_what_was_asked_by_a_task_that_was_dropped_is_answered_to_nobody(link: Link) -> None:
    dropped = link.run([said("SELECT 'dropped'")])
    dropped.send(None)
    dropped.close()
    assert link.broken
    with pytest.raises(psycopg.OperationalError, match=re.escape("the connection is lost")):
        await ask(link, "SELECT 'next'")
