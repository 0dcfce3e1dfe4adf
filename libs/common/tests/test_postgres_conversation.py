"""A transaction's manners: what its errors say, what happens when tables change under it, streams, and its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from sqlalchemy import bindparam, column, table, text, update
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    PendingRollbackError,
    ProgrammingError,
    ResourceClosedError,
)

from common.clock import SystemClock, SystemEntropy
from common.db import Database, Transaction, constraint_of
from common.postgres import Unexpected, expected
from common.testing.overhearing import round_trips
from common.testing.servers import DatabaseUrls

_MAKE = """
    CREATE TABLE guests (id int CONSTRAINT pk_guests PRIMARY KEY, mail text CONSTRAINT ck_guests_mail CHECK (mail <> ''));
    GRANT ALL ON guests TO commerce
"""
_ADD = text("INSERT INTO guests VALUES (:id, :mail)")
_FIND = text("SELECT id, mail FROM guests ORDER BY id")
_ADA = "ada@example.org"
_GUESTS = table("guests", column("id"), column("mail"))
_RENAME = expected(update(_GUESTS).where(_GUESTS.c.id == bindparam("who")).values(mail=bindparam("to")))


@pytest.fixture
def guests(urls: DatabaseUrls) -> DatabaseUrls:
    as_superuser(urls, _MAKE)
    return urls


def as_superuser(urls: DatabaseUrls, statement: str) -> None:
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        superuser.execute(statement.encode())


@asynccontextmanager
async def opened(urls: DatabaseUrls) -> AsyncIterator[Database]:
    """A database that is reached over one connection."""
    database = Database(
        urls.app, publisher="commerce", clock=SystemClock(), entropy=SystemEntropy(), pool_size=1, max_overflow=0
    )
    try:
        yield database
    finally:
        await database.close()


async def mails(tx: Transaction) -> list[str]:
    return [row.mail for row in await tx.all(_FIND)]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("INSERT INTO guests VALUES (1, :mail)", IntegrityError),
        ("INSERT INTO guests VALUES (NULL, :mail)", IntegrityError),
        ("SELECT CAST(:mail AS int)", DataError),
        ("SELECT CAST(CAST(:mail AS text) || '\"x\" y' AS uuid)", DataError),
        ("SELECT CAST('{\"mail\"\\: ' || CAST(:mail AS text) AS jsonb)", DataError),
    ],
    ids=["a key that is taken", "a row that is incomplete", "no number", "no uuid", "no JSON"],
)
async def test_an_error_says_what_was_wrong_and_no_value(
    guests: DatabaseUrls, statement: str, kind: type[DBAPIError]
) -> None:
    async with opened(guests) as database:
        async with database.transaction() as tx:
            await tx.execute(_ADD, {"id": 1, "mail": _ADA})
        with pytest.raises(kind) as failed:
            async with database.transaction() as tx:
                await tx.execute(text(statement), {"mail": _ADA})
        assert "example.org" not in f"{failed.value} {failed.value!r} {failed.value.orig!r}"
        assert statement[:12] in str(failed.value)
        assert len(str(failed.value.orig).splitlines()) == 1


async def test_an_error_keeps_the_names_by_which_it_is_told_apart(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        for values, constraint in (({"id": 1, "mail": ""}, "ck_guests_mail"), ({"id": 2, "mail": _ADA}, "pk_guests")):
            with pytest.raises(IntegrityError) as failed:
                async with database.transaction() as tx:
                    await tx.execute(_ADD, [values, values])
            assert constraint_of(failed.value) == constraint
            assert f'constraint "{constraint}"' in str(failed.value)


async def test_the_error_of_a_value_that_cannot_be_sent_names_its_own_statement(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        for value in ("a\x00b", "half \ud83d"):
            with pytest.raises(DataError) as failed:
                async with database.transaction() as tx:
                    tx.post(_ADD, {"id": 1, "mail": "fine"})
                    await tx.scalar(text("SELECT CAST(:mail AS text)"), {"mail": value})
            assert "SELECT CAST" in str(failed.value)
            assert "half" not in str(failed.value.orig).replace("half a character", "")
        async with database.transaction() as tx:
            assert await mails(tx) == []


async def test_a_transaction_that_has_failed_takes_nothing_more_and_undoes_all(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        with pytest.raises(InternalError, match="current transaction is aborted"):
            async with database.transaction() as tx:
                await tx.execute(_ADD, {"id": 1, "mail": _ADA})
                with pytest.raises(IntegrityError):
                    await tx.execute(_ADD, {"id": 1, "mail": _ADA})
                await tx.scalar(text("SELECT 1"))
        async with database.transaction() as tx:
            assert await mails(tx) == []


async def test_a_failure_that_is_swallowed_is_no_commit_and_nobody_is_told_of_one(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        with pytest.raises(PendingRollbackError):
            async with database.transaction() as tx:
                await tx.execute(_ADD, {"id": 1, "mail": _ADA})
                with pytest.raises(IntegrityError):
                    await tx.execute(_ADD, {"id": 1, "mail": _ADA})
        async with database.transaction() as tx:
            assert await mails(tx) == []


async def test_tables_that_change_their_types_cost_one_refusal_and_one_connection(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        for _ in range(3):
            async with database.transaction() as tx:
                before = await tx.scalar(text("SELECT pg_backend_pid()"))
                assert await mails(tx) == []
        as_superuser(guests, "ALTER TABLE guests ALTER id TYPE bigint")
        with pytest.raises(NotSupportedError, match="cached plan must not change result type") as failed:
            async with database.transaction() as tx:
                await tx.execute(_ADD, {"id": 1, "mail": _ADA})
                await mails(tx)
        assert failed.value.connection_invalidated
        for _ in range(3):
            async with database.transaction() as tx:
                assert await tx.scalar(text("SELECT pg_backend_pid()")) != before
                assert await mails(tx) == []


async def test_statements_that_somebody_deallocated_cost_one_refusal(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        for _ in range(3):
            async with database.transaction() as tx:
                await mails(tx)
        with pytest.raises(ProgrammingError, match="prepared statement"):
            async with database.transaction() as tx:
                await tx.execute(text("DEALLOCATE ALL"))
                await mails(tx)
        async with database.transaction() as tx:
            assert await mails(tx) == []


async def test_a_column_more_changes_nothing_for_who_names_the_columns(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        for number in range(4):
            async with database.transaction() as tx:
                await tx.execute(_ADD, {"id": number, "mail": f"n{number}"})
                assert await mails(tx) == [f"n{n}" for n in range(number + 1)]
            if number == 2:
                as_superuser(guests, "ALTER TABLE guests ADD note text")


async def test_a_stream_that_is_left_early_does_not_stand_in_the_way(guests: DatabaseUrls) -> None:
    async with opened(guests) as database, database.transaction() as tx:
        await tx.execute(_ADD, [{"id": number, "mail": f"n{number}"} for number in range(10)])
        for _ in range(3):
            streamed = tx.stream(_FIND, 2)
            async for row in streamed:
                if row.id == 4:
                    break
            assert len(await mails(tx)) == 10
        assert [row.id async for row in tx.stream(_FIND, 3)] == list(range(10))


async def test_two_streams_at_a_time_keep_apart_and_what_is_left_open_ends_with_its_transaction(
    guests: DatabaseUrls,
) -> None:
    async with opened(guests) as database:
        for _ in range(3):
            async with database.transaction() as tx:
                numbers = tx.stream(text("SELECT n FROM generate_series(1, 9) AS n"), 2)
                words = tx.stream(text("SELECT 'w' || n AS word, n AS place FROM generate_series(1, 9) AS n"), 2)
                for number in (1, 2, 3):
                    assert (await anext(numbers)).n == number
                    assert (await anext(words))._asdict() == {"word": f"w{number}", "place": number}
            async with database.transaction() as tx:
                turned = tx.stream(text("SELECT 'w' || n AS word FROM generate_series(1, 3) AS n"), 2)
                assert [row.word async for row in turned] == ["w1", "w2", "w3"]
                assert await tx.scalar(text("SELECT count(*) FROM pg_cursors WHERE name LIKE 'stream%'")) == 1


async def test_a_stream_whose_statement_fails_half_way_raises_there(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        with pytest.raises(DataError, match="division by zero"):
            async with database.transaction() as tx:
                parts = tx.stream(text("SELECT 6 / (4 - n) AS part FROM generate_series(1, 9) AS n"), 2)
                for part in (2, 3):
                    assert (await anext(parts)).part == part
                await anext(parts)
        async with database.transaction() as tx:
            assert await mails(tx) == []


async def test_a_transaction_that_is_over_says_nothing_on_a_connection_that_may_be_anothers(
    guests: DatabaseUrls,
) -> None:
    async with opened(guests) as database:
        async with database.transaction() as kept:
            await kept.execute(_ADD, {"id": 1, "mail": _ADA})
        with pytest.raises(ZeroDivisionError):
            async with database.transaction() as undone:
                raise ZeroDivisionError
        async with database.transaction() as tx:
            for over in (kept, undone):
                with pytest.raises(ResourceClosedError):
                    await over.execute(_ADD, {"id": 2, "mail": "late"})
                with pytest.raises(ResourceClosedError):
                    over.post(_ADD, {"id": 2, "mail": "late"})
            assert await mails(tx) == [_ADA]


async def test_where_each_statement_is_its_own_transaction_one_failure_undoes_its_own_batch(
    guests: DatabaseUrls,
) -> None:
    async with opened(guests) as database:
        with pytest.raises(ProgrammingError, match="nowhere"):
            async with database.connection() as connection:
                await connection.execute(_ADD, {"id": 1, "mail": "alone"})
                connection.post(_ADD, {"id": 2, "mail": "with what failed"})
                await connection.execute(text("SELECT 1 FROM nowhere"))
        async with database.transaction() as tx:
            assert await mails(tx) == ["alone"]


async def test_several_questions_have_their_answers_after_one_round_trip(guests: DatabaseUrls) -> None:
    async with opened(guests) as database, database.transaction() as tx:
        tx.post(_ADD, {"id": 1, "mail": _ADA})
        before = tx.ask(_FIND, None, lambda found: [row.mail for row in found])
        tx.post(_ADD, {"id": 2, "mail": "bob@example.org"})
        count = tx.ask(text("SELECT count(*) FROM guests"), None, lambda found: found.scalar())
        with pytest.raises(LookupError, match="another must follow"):
            count.answer()
        assert await mails(tx) == [_ADA, "bob@example.org"]
        assert (before.answer(), count.answer()) == ([_ADA], 2)


async def test_a_question_behind_a_failure_has_no_answer(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        with pytest.raises(IntegrityError):
            async with database.transaction() as tx:
                tx.post(_ADD, {"id": 1, "mail": ""})
                asked = tx.ask(_FIND, None, lambda found: [row.mail for row in found])
                await mails(tx)
        with pytest.raises(LookupError):
            asked.answer()
        async with database.transaction() as tx:
            assert await mails(tx) == []


async def test_what_was_expected_is_done_last_and_in_the_round_trip_of_the_commit(
    guests: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(guests) as database:
        with round_trips(monkeypatch) as trips:
            async with database.transaction(optimistic=True) as tx:
                tx.post(_ADD, {"id": 1, "mail": _ADA})
                tx.expect(_RENAME, {"who": 2, "to": "two@example.org"})
                tx.expect(_RENAME, {"who": 1, "to": "one@example.org"})
                assert await mails(tx) == [_ADA]
                tx.post(_ADD, {"id": 2, "mail": "ben@example.org"})
        [[_, said]] = trips.values()
        assert [statement.split()[0] for statement in said] == [b"INSERT", b"WITH", b"WITH", b"COMMIT"]
        async with database.transaction() as tx:
            assert await mails(tx) == ["one@example.org", "two@example.org"]


async def test_what_was_expected_and_is_not_so_undoes_everything_and_the_connection_serves_the_next(
    guests: DatabaseUrls,
) -> None:
    async with opened(guests) as database:
        for _ in range(3):  # the second time its statement is prepared
            with pytest.raises(Unexpected):
                async with database.transaction(optimistic=True) as tx:
                    await tx.execute(_ADD, {"id": 1, "mail": _ADA})
                    tx.expect(_RENAME, {"who": 1, "to": "one@example.org"})
                    tx.expect(_RENAME, {"who": 7, "to": "seven@example.org"})
            async with database.transaction() as tx:
                assert await mails(tx) == []


async def test_what_goes_wrong_otherwise_is_no_wrong_expectation(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        with pytest.raises(IntegrityError) as failed:
            async with database.transaction(optimistic=True) as tx:
                tx.post(_ADD, {"id": 1, "mail": _ADA})
                tx.expect(_RENAME, {"who": 1, "to": ""})
        assert constraint_of(failed.value) == "ck_guests_mail"
        with pytest.raises(DataError, match="division by zero"):
            async with database.transaction(optimistic=True) as tx:
                tx.post(text("SELECT 1 / 0"))
        async with database.transaction() as tx:
            assert await mails(tx) == []


async def test_nothing_is_expected_by_who_would_not_do_it_again(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        with pytest.raises(AssertionError, match="nobody would do it again"):
            async with database.transaction() as tx:
                tx.post(_ADD, {"id": 1, "mail": _ADA})
                tx.expect(_RENAME, {"who": 1, "to": "one@example.org"})
        async with database.transaction() as tx:
            assert await mails(tx) == []


async def test_what_is_rolled_back_expects_nothing_any_more(guests: DatabaseUrls) -> None:
    async with opened(guests) as database:
        with pytest.raises(LookupError):
            async with database.transaction(optimistic=True) as tx:
                tx.expect(_RENAME, {"who": 1, "to": "one@example.org"})
                raise LookupError("something else")
        async with database.transaction() as tx:
            await tx.execute(_ADD, {"id": 1, "mail": _ADA})
        async with database.transaction() as tx:
            assert await mails(tx) == [_ADA]
