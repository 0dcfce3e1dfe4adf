"""A connection that ends: noticed at once, on both event loops, as an error of the connection and never as a wait."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
import uvloop
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from common.clock import SystemClock, SystemEntropy
from common.db import Database
from common.postgres.link import Link
from common.postgres.statements import Ready, ready
from common.testing import eventually
from common.testing.servers import DatabaseUrls

_LONG = "x" * 20_000_000
LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]
"""The one of tests, and the one of production: what they make of a socket that closed under them differs."""


def said(statement: str, **values: Any) -> Ready:
    return ready(text(statement), values or None)


@asynccontextmanager
async def linked(urls: DatabaseUrls) -> AsyncIterator[Link]:
    link = await Link.open(urls.superuser, "lost", [])
    try:
        yield link
    finally:
        link.close()


def cut(link: Link) -> None:
    """End the connection without a word from the server."""
    with socket.socket(fileno=os.dup(link._socket)) as same:
        same.shutdown(socket.SHUT_RDWR)


async def terminate(urls: DatabaseUrls, *, working: bool) -> None:
    """Have the server end the only connection under test, when it is at work or when it is not."""
    query = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'lost' AND datname = %s AND (state = 'active') = %s
    """
    async with await psycopg.AsyncConnection.connect(urls.superuser, autocommit=True) as superuser:

        async def ended() -> bool:
            return await (await superuser.execute(query, (urls.name, working))).fetchone() is not None

        await eventually(ended)


async def test_the_servers_farewell_to_a_connection_at_work_is_the_error(urls: DatabaseUrls) -> None:
    async with linked(urls) as link:
        batch = [said("SELECT 1"), said("SELECT pg_sleep(60)"), said("SELECT 2")]
        working = asyncio.create_task(link.run(batch))
        await terminate(urls, working=True)
        async with asyncio.timeout(5):
            with pytest.raises(psycopg.errors.AdminShutdown):
                await working
        assert link.failed_at == 1
        assert link.broken
        with pytest.raises(psycopg.OperationalError, match="the connection is lost"):
            await link.run([said("SELECT 1")])
        assert link.failed_at == 0


async def test_a_farewell_while_nobody_asks_is_noticed_by_itself(urls: DatabaseUrls) -> None:
    async with linked(urls) as link:
        await link.run([said("SELECT 1")])
        await terminate(urls, working=False)

        async def noticed() -> bool:
            return link.broken

        await eventually(noticed)
        assert not link.usable


async def test_an_end_that_nobody_has_had_time_to_notice_is_noticed_when_asked_for(urls: DatabaseUrls) -> None:
    async with linked(urls) as link:
        await link.run([said("SELECT 1")])
        assert link.usable
        cut(link)
        assert not link.usable


async def test_an_end_without_a_word_is_the_connections_error_and_names_where_it_happened(urls: DatabaseUrls) -> None:
    async with linked(urls) as link:
        begun = asyncio.Event()
        link._connection.add_notice_handler(lambda _: begun.set())
        shout = "DO $$ BEGIN RAISE NOTICE 'what came before is answered'; PERFORM pg_sleep(60); END $$"
        working = asyncio.create_task(link.run([said("SELECT 1"), said(shout), said("SELECT 2")]))
        async with asyncio.timeout(10):
            await begun.wait()
            cut(link)
            with pytest.raises(psycopg.OperationalError, match="closed the connection"):
                await working
        assert link.failed_at == 1
        assert link.broken


async def test_whoever_loses_a_transactions_connection_hears_that_the_database_is_away(urls: DatabaseUrls) -> None:
    database = Database(
        urls.app, publisher="commerce", clock=SystemClock(), entropy=SystemEntropy(), pool_size=1, max_overflow=0
    )
    with pytest.raises(OperationalError) as lost:
        async with database.transaction() as tx:
            await tx.scalar(text("SELECT 1"))
            cut(tx.connection._link)
            await tx.scalar(text("SELECT 2"))
    assert lost.value.connection_invalidated
    async with database.transaction() as tx:
        assert await tx.scalar(text("SELECT 3")) == 3
    await database.close()


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_an_end_while_values_still_go_out_is_an_error_and_no_complaint_of_the_loop(
    urls: DatabaseUrls, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    complaints: list[dict[str, Any]] = []

    async def sent_into_nothing() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
        async with linked(urls) as link:
            sending = asyncio.create_task(
                link.run([said("SELECT pg_sleep(60)"), said("SELECT length(CAST(:long AS text))", long=_LONG)])
            )
            await _is_sending(link)
            cut(link)
            async with asyncio.timeout(5):
                with pytest.raises(psycopg.OperationalError):
                    await sending
            assert link.broken

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(sent_into_nothing())
    assert complaints == []


async def test_whose_number_a_lost_socket_had_is_not_disturbed_by_it(urls: DatabaseUrls) -> None:
    loop = asyncio.get_running_loop()
    async with linked(urls) as link:
        sending = asyncio.create_task(
            link.run([said("SELECT pg_sleep(60)"), said("SELECT length(CAST(:long AS text))", long=_LONG)])
        )
        await _is_sending(link)
        cut(link)
        assert not link.usable
        ours, other = socket.socketpair()
        assert link._socket in (ours.fileno(), other.fileno())
        loop.add_writer(link._socket, lambda: None)
        with pytest.raises(psycopg.OperationalError):
            await sending
        assert loop.remove_writer(link._socket)
        ours.close()
        other.close()


async def _is_sending(link: Link) -> None:
    """Wait until the socket takes no more of what is sent: the server sleeps before it reads the rest."""

    async def full() -> bool:
        return link._news is not None and link._wire.flush() == 1

    await eventually(full)
