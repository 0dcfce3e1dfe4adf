"""Who is cancelled while the server works: it stops there, nothing half known stays, and the cancellation is what is heard."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import text

from common.postgres import link as links
from common.postgres.link import Link
from common.postgres.statements import Ready, ready
from common.testing import eventually
from common.testing.servers import DatabaseUrls

_STUBBORN = r"""
    CREATE FUNCTION pg_temp.stubborn(times int) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE asked int \:= 0;
    BEGIN
        WHILE asked < times LOOP
            BEGIN
                PERFORM pg_sleep(60);
            EXCEPTION WHEN query_canceled THEN
                asked \:= asked + 1;
                RAISE NOTICE 'asked to stop';
            END;
        END LOOP;
        PERFORM pg_sleep(60);
    END $$
"""
"""Works on, however often it is asked to stop, up to `times`."""


@pytest.fixture
async def link(urls: DatabaseUrls) -> AsyncIterator[Link]:
    opened = await Link.open(urls.superuser, "cancelled", [])
    yield opened
    opened.close()


def said(statement: str, **values: Any) -> Ready:
    return ready(text(statement), values or None)


async def first_value(link: Link, statement: str) -> bytes | None:
    [result] = await link.run([said(statement)])
    return result.get_value(0, 0)


@asynccontextmanager
async def watching(urls: DatabaseUrls) -> AsyncIterator[Callable[[], Awaitable[list[str]]]]:
    """What the server works on for the connections under test."""
    query = (
        "SELECT query FROM pg_stat_activity WHERE application_name = 'cancelled' AND state = 'active' AND datname = %s"
    )
    async with await psycopg.AsyncConnection.connect(urls.superuser, autocommit=True) as watcher:

        async def at_work() -> list[str]:
            return [query for (query,) in await (await watcher.execute(query, (urls.name,))).fetchall()]

        yield at_work


async def begun(link: Link, urls: DatabaseUrls, batch: list[Ready], works_on: str) -> asyncio.Task[list[PGresult]]:
    """Send a batch and come back when the server has got as far as the statement with `works_on` in it."""
    task = asyncio.create_task(link.run(batch))
    async with watching(urls) as at_work:

        async def has_begun() -> bool:
            return any(works_on in query for query in await at_work())

        await eventually(has_begun)
    return task


async def ended(task: asyncio.Task[list[PGresult]], within: float = 4.0) -> str:
    """How a task that was cancelled ended, within less than the time after which a connection is given up."""
    await asyncio.wait([task], timeout=within)
    assert task.done()
    return "cancelled" if task.cancelled() else repr(task.exception())


async def nothing_runs(urls: DatabaseUrls) -> None:
    async with watching(urls) as at_work:
        assert await at_work() == []


async def test_what_a_cancelled_batch_prepared_or_not_is_prepared_anew(link: Link, urls: DatabaseUrls) -> None:
    await link.run([said("SELECT 1"), said("SELECT 2")])
    sleeping = await begun(link, urls, [said("SELECT 1"), said("SELECT pg_sleep(60)"), said("SELECT 2")], "pg_sleep")
    sleeping.cancel()
    assert await ended(sleeping) == "cancelled"
    await nothing_runs(urls)
    assert link.usable
    for _ in range(2):
        results = await link.run([said("SELECT 1"), said("SELECT 2")])
        assert [result.get_value(0, 0) for result in results] == [b"1", b"2"]


async def test_what_was_prepared_before_a_cancelled_batch_stays_so(link: Link, urls: DatabaseUrls) -> None:
    await link.run([said("SELECT 1"), said("SELECT 1")])
    sleeping = await begun(link, urls, [said("SELECT 1"), said("SELECT pg_sleep(60)")], "pg_sleep")
    sleeping.cancel()
    assert await ended(sleeping) == "cancelled"
    await link.run([said("SELECT 1")])
    question = "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 1'"
    assert await first_value(link, question) == b"1"


async def test_a_wait_for_anothers_lock_is_cancelled_and_what_was_done_before_it_undone(
    link: Link, urls: DatabaseUrls
) -> None:
    await link.run([said("CREATE TABLE held (id int); "), said("INSERT INTO held VALUES (1)")])
    with psycopg.connect(urls.superuser) as other:
        other.execute("SELECT FROM held FOR UPDATE")
        batch = [said("BEGIN"), said("INSERT INTO held VALUES (2)"), said("UPDATE held SET id = 3")]
        waiting = await begun(link, urls, batch, "UPDATE held")
        waiting.cancel()
        assert await ended(waiting) == "cancelled"
        await nothing_runs(urls)
        assert link._wire.transaction_status == TransactionStatus.INERROR  # it stands open, for its rollback
        await link.run([said("ROLLBACK")])
    assert link.usable
    assert await first_value(link, "SELECT string_agg(CAST(id AS text), ',') FROM held") == b"1"


async def test_a_batch_that_has_not_left_yet_when_it_is_cancelled_does_not_run_on(
    link: Link, urls: DatabaseUrls
) -> None:
    batch = [
        said("SELECT pg_sleep(60)"),
        said("SELECT length(CAST(:long AS text))", long="x" * 20_000_000),
        said("SELECT pg_sleep(60)"),
    ]
    sending = await begun(link, urls, batch, "pg_sleep")
    sending.cancel()
    assert await ended(sending) == "cancelled"
    await nothing_runs(urls)
    assert await first_value(link, "SELECT 'next'") == b"next"


async def test_a_statement_that_did_not_hear_the_first_time_is_asked_again(link: Link, urls: DatabaseUrls) -> None:
    await link.run([said(_STUBBORN)])
    stubborn = await begun(link, urls, [said("SELECT pg_temp.stubborn(1)")], "stubborn")
    stubborn.cancel()
    assert await ended(stubborn) == "cancelled"
    await nothing_runs(urls)
    assert await first_value(link, "SELECT 'next'") == b"next"


async def test_who_never_stops_costs_the_connection_and_is_cancelled_all_the_same(
    link: Link, urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_GIVING_UP_SECONDS", 0.3)
    await link.run([said(_STUBBORN)])
    stubborn = await begun(link, urls, [said("SELECT pg_temp.stubborn(1000000)")], "stubborn")
    stubborn.cancel()
    assert await ended(stubborn) == "cancelled"
    assert link.broken


async def test_a_second_cancellation_costs_the_connection(link: Link, urls: DatabaseUrls) -> None:
    asked = asyncio.Event()
    link._connection.add_notice_handler(lambda _: asked.set())
    await link.run([said(_STUBBORN)])
    stubborn = await begun(link, urls, [said("SELECT pg_temp.stubborn(1000000)")], "stubborn")
    stubborn.cancel()
    async with asyncio.timeout(5):
        await asked.wait()
    assert not link.broken
    stubborn.cancel()
    assert await ended(stubborn, within=2) == "cancelled"
    assert link.broken


async def test_copying_that_is_cancelled_does_not_hold_the_loop(link: Link) -> None:
    task = asyncio.create_task(link.run([said("COPY (SELECT pg_sleep(0.1)) TO STDOUT")]))
    await asyncio.sleep(0)
    task.cancel()
    assert await ended(task) == "cancelled"


class Relay:
    """Stands between a connection and the server, and takes no second connection: none can ask the server to stop."""

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    def reaching(self, conninfo: str) -> str:
        server = conninfo_to_dict(conninfo)
        self._target = (str(server["host"]), int(server["port"] or 0))
        port = self._server.sockets[0].getsockname()[1]
        return make_conninfo(conninfo, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server.close()
        server_reader, server_writer = await asyncio.open_connection(*self._target)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(_pump(reader, server_writer))
                pumps.create_task(_pump(server_reader, writer))
        finally:
            writer.close()
            server_writer.close()

    async def __aexit__(self, *_: object) -> None:
        self._server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while received := await reader.read(65536):
        writer.write(received)
        await writer.drain()
    writer.close()


async def test_where_the_server_cannot_be_asked_to_stop_the_cancellation_is_heard_no_less(urls: DatabaseUrls) -> None:
    async with Relay() as relay:
        link = await Link.open(relay.reaching(urls.superuser), "cancelled", [])
        sleeping = await begun(link, urls, [said("SELECT pg_sleep(60)")], "pg_sleep")
        sleeping.cancel()
        assert await ended(sleeping) == "cancelled"
        assert link.broken


async def test_who_is_cancelled_while_plans_are_thrown_away_leaves_a_connection_for_the_next(link: Link) -> None:
    await link.run([said("SELECT 1")])
    link._plans_end_at = 0.0
    throwing = asyncio.create_task(link.run([said("SELECT 2")]))
    await asyncio.sleep(0)  # it has sent DISCARD PLANS and waits for the answer
    throwing.cancel()
    assert await ended(throwing) == "cancelled"
    assert not link.broken
    assert await first_value(link, "SELECT 'next'") == b"next"
