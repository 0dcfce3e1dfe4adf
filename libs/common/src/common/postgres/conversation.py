"""What one transaction says to the server and hears from it."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.pq.abc import PGresult
from sqlalchemy import Executable, Row, Select, text
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound, PendingRollbackError, ResourceClosedError

from common.postgres.expected import Unexpected, has_failed
from common.postgres.link import Link
from common.postgres.statements import Ready, Shape, ready

_BEGIN, _COMMIT, _ROLLBACK = (
    ready(text(word), None) for word in ("BEGIN ISOLATION LEVEL READ COMMITTED", "COMMIT", "ROLLBACK")
)


class Outcome:
    """What a statement brought: its rows, read whole, and how many it touched. Reads as SQLAlchemy's results do."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[Row[Any]], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Row[Any]]:
        return iter(self._rows)

    def all(self) -> Sequence[Row[Any]]:
        """Every row."""
        return self._rows

    def first(self) -> Row[Any] | None:
        """The first row, or None."""
        return self._rows[0] if self._rows else None

    def one(self) -> Row[Any]:
        """The only row. Raises NoResultFound, MultipleResultsFound."""
        if not self._rows:
            raise NoResultFound("No row was found when one was required")
        if len(self._rows) > 1:
            raise MultipleResultsFound("Multiple rows were found when exactly one was required")
        return self._rows[0]

    def scalar(self) -> Any:
        """The first column of the first row, or None."""
        return self._rows[0][0] if self._rows else None


Answer = TypeVar("Answer")


class Asked(Generic[Answer]):
    """What a statement brings that was sent ahead of another: there once that one has its answer."""

    __slots__ = ("_outcome", "_read")

    def __init__(self, read: Callable[[Outcome], Answer]) -> None:
        self._read = read
        self._outcome: Outcome | None = None

    def arrives(self, outcome: Outcome) -> None:
        """Take what the server sent."""
        self._outcome = outcome

    @property
    def arrived(self) -> bool:
        """Whether it is there."""
        return self._outcome is not None

    def answer(self) -> Answer:
        """Read it. Raises LookupError as long as no statement followed."""
        if self._outcome is None:
            raise LookupError("the statement was not sent yet: another must follow it")
        return self._read(self._outcome)


class Conversation:
    """A transaction on one connection. It begins with its first statement, in the same round trip."""

    def __init__(self, link: Link, *, autocommit: bool = False) -> None:
        """With `autocommit`, each statement is a transaction of its own."""
        self._link = link
        self._within = autocommit
        self._autocommit = autocommit
        self._over = False
        self._posted: list[tuple[Ready, Asked[Any] | None]] = []
        self._expected: list[Ready] = []
        self._cursors = 0

    async def execute(self, statement: Executable, parameters: Any = None) -> Outcome:
        """Run a statement; with a list of values once for each of them, in one round trip."""
        if isinstance(parameters, Mapping) or not parameters:
            return _outcome(self._link, (await self._run([ready(statement, parameters or None)]))[-1:])
        batch = [ready(statement, values) for values in parameters]
        return _outcome(self._link, (await self._run(batch))[-len(batch) :])

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """The first column of the first row, or None."""
        return (await self.execute(statement, parameters)).scalar()

    async def exec_driver_sql(self, statement: str) -> Outcome:
        """Run text as it is."""
        return await self.execute(text(statement.replace(":", r"\:")))

    async def stream(self, statement: Executable, at_once: int) -> AsyncIterator[Row[Any]]:
        """Rows as the server makes them, never more than `at_once` in memory. Its cursor ends with the transaction."""
        asked = ready(statement, None)
        self._cursors += 1
        name = f"stream_{self._cursors}"
        await self._run([asked._replace(sql=f"DECLARE {name} NO SCROLL CURSOR FOR ".encode() + asked.sql)])
        more = ready(text(f"FETCH {at_once:d} FROM {name}"), None)
        while True:
            [(_, result)] = (await self._run([more]))[-1:]
            for row in _rows(self._link, asked.shape, result):
                yield row
            if result.ntuples < at_once:
                return

    def post(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> None:
        """Have a statement run before the next one, or before the commit, without a round trip of its own.

        For what is written whatever comes: if it fails, the next statement, or the commit, raises its error.
        """
        self._must_last()
        self._posted.append((ready(statement, parameters), None))

    def ask(
        self, statement: Executable, parameters: Mapping[str, Any] | None, read: Callable[[Outcome], Answer]
    ) -> Asked[Answer]:
        """As `post`, for a statement that brings something: `read` turns it into the answer, when that is asked for."""
        self._must_last()
        asked = Asked(read)
        self._posted.append((ready(statement, parameters), asked))
        return asked

    def expect(self, change: Select[tuple[int]], parameters: Mapping[str, Any]) -> None:
        """Have an `expected` change made as this commits, after all else and in the commit's round trip: what it locks, it
        locks no longer than that. Where it touches no row, the commit raises Unexpected."""
        self._must_last()
        assert not self._autocommit, "there is no commit to make it with"
        self._expected.append(ready(change, parameters))

    async def commit(self) -> None:
        """Make it last, together with what was posted and expected.

        Raises Unexpected, and PendingRollbackError where an error was swallowed before.
        """
        if self._autocommit:
            if self._posted:
                await self._run([])
            return
        if self._posted or self._expected or self._within:
            [(_, result)] = (await self._commit())[-1:]
            if result.command_status != b"COMMIT":  # the server rolls back what had failed, and calls that no error
                raise PendingRollbackError("nothing was committed: a statement of the transaction had failed")
        self._over = True

    async def rollback(self) -> None:
        """Undo all of it. A connection that does not even take that is closed, which undoes as well."""
        self._over = True
        self._posted.clear()
        self._expected.clear()
        if self._within and not self._autocommit and not self._link.broken:
            try:
                await self._link.run([_ROLLBACK])
            except psycopg.Error:
                self._link.close()

    async def _commit(self) -> list[tuple[Shape, PGresult]]:
        try:
            return await self._run([*self._expected, _COMMIT])
        except DBAPIError as error:
            if has_failed(error):
                raise Unexpected from None
            raise

    def _must_last(self) -> None:
        if self._over:  # somebody else may have the connection by now
            raise ResourceClosedError("the transaction is over")

    async def _run(self, batch: list[Ready]) -> list[tuple[Shape, PGresult]]:
        self._must_last()
        opening = [] if self._within else [_BEGIN]
        posted, self._posted = self._posted, []
        sent = [*opening, *(statement for statement, _ in posted), *batch]
        self._within = True
        try:
            results = await self._link.run(sent)
        except psycopg.Error as error:
            raise DBAPIError.instance(
                sent[self._link.failed_at].sql.decode(),
                None,
                error,
                psycopg.Error,
                hide_parameters=True,
                connection_invalidated=self._link.broken,
            ) from error
        answers = [(statement.shape, result) for statement, result in zip(sent, results, strict=True)]
        for place, (_, asked) in enumerate(posted, len(opening)):
            if asked is not None:
                asked.arrives(_outcome(self._link, answers[place : place + 1]))
        return answers


def _outcome(link: Link, answers: Sequence[tuple[Shape, PGresult]]) -> Outcome:
    rows: list[Row[Any]] = []
    touched = 0
    for shape, result in answers:
        touched += result.command_tuples or 0
        if result.ntuples:
            rows += _rows(link, shape, result)
    return Outcome(rows, touched)


def _rows(link: Link, shape: Shape, result: PGresult) -> list[Row[Any]]:
    names, processors = shape.columns(result)
    link.turn.set_pgresult(result)
    index = names._key_to_index  # noqa: SLF001 - what SQLAlchemy makes its own rows with
    return [Row(names, processors, index, values) for values in link.turn.load_rows(0, result.ntuples, tuple)]
