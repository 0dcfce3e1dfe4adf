"""One connection to the server, always in libpq's pipeline mode: what is sent together costs one round trip.

The event loop watches the socket as long as the connection lives, so that a server that went away is noticed while nobody
asks for anything, and no statement is spent on asking whether it is still there.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

from common.postgres.faults import STALE, error_of
from common.postgres.statements import Ready

_PREPARED_AT_MOST = 400
_SEEN_AT_MOST = 4000
_GIVING_UP_SECONDS = 5.0
_ASKING_AGAIN_SECONDS = 0.5
PLANS_LAST_SECONDS = 15.0
"""A kept plan is never looked at again until somebody analyses its tables: one made while a table was nearly empty reads
all of it for ever more. The server gathers figures about once a minute, and a rush fills a table in less."""
_DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)
_COPYING = (ExecStatus.COPY_OUT, ExecStatus.COPY_IN, ExecStatus.COPY_BOTH)

Text = tuple[bytes, tuple[int, ...]]
"""A statement's text with the types of its values: what the server parses and plans."""


class _Turned(NamedTuple):
    """A statement as the wire carries it."""

    text: Text
    values: Sequence[Buffer | None]
    formats: list[Format] | None


class _Step(NamedTuple):
    """Something that was sent and has an answer: a statement, or the preparation of the one with this text."""

    statement: int
    prepared: Text | None


class Link:
    """One connection. Not for several tasks at once."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], observers: Sequence[Callable[[str], None]]) -> None:
        self._connection = connection
        self._observers = observers
        self._wire = connection.pgconn
        self._wire.enter_pipeline_mode()
        self._loop = asyncio.get_running_loop()
        self._socket = self._wire.socket
        self._news: asyncio.Future[None] | None = None
        self._prepared: dict[Text, bytes] = {}
        self._names = 0
        self._seen: set[Text] = set()
        self._plans_end_at = self._loop.time() + PLANS_LAST_SECONDS
        self.turn = Transformer(connection)
        """Turns values into what the wire carries and back."""
        self.broken = False
        self.failed_at = 0
        """Which of the statements sent last was the first that failed."""
        self._loop.add_reader(self._socket, self._readable)

    @classmethod
    async def open(cls, conninfo: str, application: str, observers: Sequence[Callable[[str], None]]) -> Self:
        """Connect; `observers` are told each statement. Raises psycopg's OperationalError."""
        connection = await psycopg.AsyncConnection.connect(
            conninfo,
            autocommit=True,
            options="-c timezone=UTC",
            connect_timeout=5,
            application_name=application,
        )
        return cls(connection, observers)

    @property
    def usable(self) -> bool:
        """Whether the server is still there and in no transaction, as far as the socket tells: nothing is asked."""
        if self.broken or self._loop is not asyncio.get_running_loop():
            return False
        self._readable()
        self._readable()  # a farewell comes before the end
        return not self.broken and self._wire.transaction_status == TransactionStatus.IDLE

    async def run(self, statements: Sequence[Ready]) -> list[PGresult]:
        """Send statements together and return their results; behind one that failed none takes effect.

        Raises psycopg's error of the first that failed. Cancelled, it has the server give up what still runs.
        """
        self.failed_at = 0
        if self.broken:
            raise psycopg.OperationalError("the connection is lost")
        if self._wire.transaction_status == TransactionStatus.ACTIVE:
            raise psycopg.ProgrammingError("another task waits for this connection's answers")
        steps: list[_Step] = []
        try:
            if self._loop.time() >= self._plans_end_at and self._wire.transaction_status == TransactionStatus.IDLE:
                await self._plan_anew()
            turned = [self._turned(place, statement) for place, statement in enumerate(statements)]
            for place, statement in enumerate(turned):
                self._send(place, statement, steps)
            self._wire.pipeline_sync()
            return await self._answers(steps)
        except asyncio.CancelledError:
            self._forget(steps)  # nobody reads how far it came
            await self._give_up()
            raise
        except BaseException as error:
            if (
                self._wire.status != ConnStatus.OK
                or self._wire.transaction_status == TransactionStatus.ACTIVE
                or isinstance(error, STALE)  # the tables are others now, and all that is prepared here may be stale
            ):
                self.close()
            raise

    def close(self) -> None:
        """Part from the server; it rolls back what was not committed."""
        self._stop_listening()
        self._wire.finish()

    def _turned(self, place: int, statement: Ready) -> _Turned:
        """Raises psycopg's DataError for a value that the server has no form of. Nothing was sent by then."""
        self.failed_at = place
        for observer in self._observers:
            observer(statement.sql.decode())
        try:
            values = self.turn.dump_sequence(statement.values, [PyFormat.AUTO] * len(statement.values))
        except UnicodeEncodeError:
            raise psycopg.DataError("a text holds half a character") from None
        return _Turned((statement.sql, self.turn.types or ()), values, self.turn.formats)

    def _send(self, place: int, statement: _Turned, steps: list[_Step]) -> None:
        wire = self._wire
        text, values, formats = statement
        name = self._prepared.get(text)
        if name is None and text in self._seen and self._names < _PREPARED_AT_MOST:
            # What comes a second time will come often: from now on the server keeps it parsed and planned. It counts as
            # prepared for what follows in this very batch: where it fails, what follows fails with it.
            name = b"s%d" % self._names
            wire.send_prepare(name, *text)
            self._names += 1
            self._prepared[text] = name
            steps.append(_Step(place, text))
        if name is not None:
            wire.send_query_prepared(name, values, formats)
        else:
            if len(self._seen) >= _SEEN_AT_MOST:
                self._seen.clear()
            self._seen.add(text)
            wire.send_query_params(text[0], values, text[1], formats)
        steps.append(_Step(place, None))

    async def _plan_anew(self) -> None:
        """What is prepared stays so; each statement is planned once more when it is next used, by how large tables are then.

        In a round trip of its own: it would be the first statement of a transaction that wants to begin with another.
        """
        self._plans_end_at = self._loop.time() + PLANS_LAST_SECONDS
        self._wire.send_query_params(b"DISCARD PLANS", None)
        self._wire.pipeline_sync()
        await self._answers([_Step(0, None)])

    def _forget(self, steps: Sequence[_Step]) -> None:
        """What may not have been prepared is prepared anew, under another name."""
        for step in steps:
            if step.prepared is not None:
                self._prepared.pop(step.prepared, None)

    async def _answers(self, steps: Sequence[_Step]) -> list[PGresult]:
        while self._wire.flush():
            await self._room()
        results: list[PGresult] = []
        failure: psycopg.Error | None = None
        for step in steps:
            answer = await self._answer()
            if answer is None or self._wire.status != ConnStatus.OK:
                if failure is None:
                    self.failed_at, failure = step.statement, self._lost(answer)
                raise failure
            if answer.status not in _DONE:
                if failure is None:
                    self.failed_at, failure = step.statement, error_of(answer)
                self._forget([step])
            elif step.prepared is None:
                results.append(answer)
        while self._wire.is_busy():
            await self._something_comes()
        self._wire.get_result()  # the end of what was sent together
        if failure is not None:
            raise failure
        return results

    async def _answer(self) -> PGresult | None:
        """The answer to one step. None when there is nobody to give it any more."""
        wire, answer = self._wire, None
        while True:
            while wire.is_busy():
                await self._something_comes()
            result = self._said()
            if result is None:
                return answer
            answer = result

    def _said(self) -> PGresult | None:
        result = self._wire.get_result()
        if result is not None and result.status in _COPYING:
            self.close()  # libpq has no way out of a COPY within a pipeline, and would say the same for ever
            raise psycopg.NotSupportedError("COPY does not go through a pipeline")
        return result

    async def _something_comes(self) -> None:
        self._news = self._loop.create_future()
        await self._news

    async def _room(self) -> None:
        """Wait until the socket takes more. What comes meanwhile is read, or both sides might wait for each other."""
        self._news = self._loop.create_future()
        self._loop.add_writer(self._socket, self._wake)
        try:
            await self._news
        finally:
            if not self.broken:  # else the number may be another connection's by now
                self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            self._wire.consume_input()
        except psycopg.OperationalError:
            self._stop_listening()
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _lost(self, answer: PGresult | None) -> psycopg.Error:
        self._stop_listening()
        if answer is not None and answer.status == ExecStatus.FATAL_ERROR:
            return error_of(answer)
        return psycopg.OperationalError(self._wire.get_error_message("utf-8"))

    async def _give_up(self) -> None:
        """Have the server stop, and read what it still says; if that takes too long the connection is given up.

        Whatever goes wrong, the caller hears of the cancellation alone: something else would look like a failure to it,
        and a task that tries again after failures would never end.
        """
        try:
            async with asyncio.timeout(_GIVING_UP_SECONDS):
                while not await self._stopped():
                    pass
        except (TimeoutError, psycopg.Error, OSError):
            self.close()
        except BaseException:  # a second cancellation, too, must not leave answers for the next who asks
            self.close()
            raise

    async def _stopped(self) -> bool:
        """Whether asking the server to stop helped. What it has not begun when it is asked it begins nevertheless."""
        await self._connection.cancel_safe(timeout=_GIVING_UP_SECONDS)
        try:
            async with asyncio.timeout(_ASKING_AGAIN_SECONDS):
                await self._skip_answers()
        except TimeoutError:
            return False
        return True

    async def _skip_answers(self) -> None:
        wire = self._wire
        while wire.flush():
            await self._room()
        while wire.status == ConnStatus.OK:
            while wire.is_busy():
                await self._something_comes()
            result = self._said()
            if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
                return
        self.close()

    def _stop_listening(self) -> None:
        if not self.broken:
            self.broken = True
            for leave in (self._loop.remove_writer, self._loop.remove_reader):
                with contextlib.suppress(OSError):  # libpq closes the socket before it tells
                    leave(self._socket)
