"""One transaction at a time: state, outbox and inbox rows commit together or not at all.

READ COMMITTED, psycopg 3, SQLAlchemy Core. A `Transaction` brings the moment it happens in, fresh ids and the outbox, so an
action needs nothing else to decide and to tell others.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import DateTime, Dialect, Executable, MetaData, Row, Select, TypeDecorator, Uuid
from sqlalchemy.exc import IntegrityError

from common.clock import Clock, Entropy
from common.ids import Id
from common.messages import Message
from common.outbox import post_messages
from common.postgres import Asked, Conversation, Outcome, Pool
from common.refusals import Refusal

IdType = TypeVar("IdType", bound=Id)
Answer = TypeVar("Answer")

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
}


def new_metadata() -> MetaData:
    """The metadata a service's tables hang on, with the house's names for constraints."""
    return MetaData(naming_convention=NAMING)


class TypedId(TypeDecorator[Any]):
    """A column that stores a UUID and speaks in ids of one kind."""

    impl = Uuid
    cache_ok = True

    def __init__(self, kind: type[Id]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """An id, or its text, becomes a UUID."""
        if value is None:
            return None
        return (value if isinstance(value, self.kind) else self.kind(value)).uuid

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """A UUID becomes an id of the column's kind."""
        return None if value is None else self.kind.from_uuid(value)


def moment() -> DateTime:
    """The type of every `_at` column: an instant, aware."""
    return DateTime(timezone=True)


_WAIT_SECONDS = 5.0
"""For a connection, when all are in use."""
_SPARE_SECONDS = 10.0
"""A connection that a rush needed outlives it by as much."""


class Transaction:
    """One database transaction, the moment it happens in, and what it will tell others when it commits."""

    def __init__(self, connection: Conversation, now: datetime, entropy: Entropy, *, optimistic: bool = False) -> None:
        self.connection = connection
        self.now = now
        self.entropy = entropy
        self.optimistic = optimistic
        self.messages: list[Message] = []

    def new_id(self, kind: type[IdType]) -> IdType:
        """A fresh id of that kind."""
        return kind.new(self.now, self.entropy)

    def publish(self, message: Message) -> None:
        """Say `message` when, and only when, this transaction commits."""
        self.messages.append(message)

    async def execute(self, statement: Executable, parameters: Any = None) -> Outcome:
        """Run a statement."""
        return await self.connection.execute(statement, parameters)

    async def one(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """The first row, or None."""
        return (await self.connection.execute(statement, parameters)).first()

    async def all(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Every row."""
        return (await self.connection.execute(statement, parameters)).all()

    async def scalar(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        return await self.connection.scalar(statement, parameters)

    def stream(self, statement: Executable, at_once: int) -> AsyncIterator[Row[Any]]:
        """Rows one after the other, with no more than `at_once` of them in memory."""
        return self.connection.stream(statement, at_once)

    def post(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement before the next one, or before the commit, in that one's round trip.

        For what is written whatever comes. Where a refusal hangs on it, `execute` it: its error comes with what follows.
        """
        self.connection.post(statement, parameters)

    def ask(
        self, statement: Executable, parameters: Mapping[str, Any] | None, read: Callable[[Outcome], Answer]
    ) -> Asked[Answer]:
        """Run a statement before the next one, in that one's round trip; `read` makes the answer of what it brings.

        For several questions at once: `asked = tx.ask(…)`, then any `await tx.…`, then `asked.answer()`.
        """
        return self.connection.ask(statement, parameters, read)

    def expect(self, change: Select[tuple[int]], parameters: Mapping[str, Any]) -> None:
        """Make an `expected` change as this commits, after all else: a row that many want is locked for no more than that.

        Only where this transaction is `optimistic`: where the change hits no row, all of it is undone and done again, and then
        with nothing expected.
        """
        assert self.optimistic, "nobody would do it again"
        self.connection.expect(change, parameters)


class Database:
    """A service's own database, reached as its app role."""

    def __init__(
        self, url: str, *, publisher: str, clock: Clock, entropy: Entropy, pool_size: int = 10, max_overflow: int = 10
    ) -> None:
        """
        Args:
            url: `postgresql+psycopg://role:password@host:port/database`.
            publisher: the service that speaks through this outbox; another's messages are refused.
        """
        # An error's text goes to logs and traces, and never the values: they are mail addresses, tokens and names.
        self.pool = Pool(
            url,
            application=f"lanyard-{publisher}",
            kept=pool_size,
            most=pool_size + max_overflow,
            timeout=_WAIT_SECONDS,
            spare=_SPARE_SECONDS,
        )
        self.publisher = publisher
        self.clock = clock
        self.entropy = entropy
        self._committed: list[Callable[[], None]] = []

    def when_messages_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each commit that left messages in the outbox: it wakes the relay."""
        self._committed.append(callback)

    @asynccontextmanager
    async def transaction(self, *, optimistic: bool = False) -> AsyncIterator[Transaction]:
        """Open a transaction; it commits when the block ends, and rolls back when it raises.

        An `optimistic` one may raise Unexpected at its end, with nothing done: its opener then does the same in another.
        """
        async with self.pool.link() as link:
            connection = Conversation(link)
            transaction = Transaction(connection, self.clock.now(), self.entropy, optimistic=optimistic)
            try:
                yield transaction
                if transaction.messages:
                    post_messages(connection, self.publisher, transaction.messages, transaction.now, self.entropy)
                await connection.commit()
            except BaseException:
                await connection.rollback()
                raise
        if transaction.messages:
            for callback in self._committed:
                callback()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Conversation]:
        """A connection on which each statement is a transaction of its own, for locks that outlive transactions.

        It is closed with the block when that raises, and what was locked on it is free again.
        """
        async with self.pool.link() as link:
            try:
                yield Conversation(link, autocommit=True)
            except BaseException:
                link.close()
                raise

    async def close(self) -> None:
        """Give all connections back to the server."""
        self.pool.close()


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that a statement violated, as PostgreSQL reports it."""
    diagnostics = getattr(error.orig, "diag", None)
    name = getattr(diagnostics, "constraint_name", None)
    return name if isinstance(name, str) else None


@contextmanager
def refusing(constraints: Mapping[str, Callable[[], Refusal]]) -> Iterator[None]:
    """Turn the violation of a named constraint into its refusal: `with refusing({"uq_events_slug": SlugTaken}): …`."""
    try:
        yield
    except IntegrityError as error:
        refusal = constraints.get(constraint_of(error) or "")
        if refusal is None:
            raise
        raise refusal() from None
