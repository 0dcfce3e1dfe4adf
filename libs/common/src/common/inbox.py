"""Hears messages: each takes effect once, in one transaction with its inbox row, and is acknowledged after the commit.

What may go wrong, and what then happens:
- delivered twice: the claim of its inbox row, which goes ahead of the action's first statement, fails; it is
  acknowledged and nothing is done;
- the action refuses or breaks, be it on a lock or a deadline of the database: the failure is counted and the message
  comes again later, up to `ATTEMPTS` times;
- it is unreadable, of an unknown type, or failed too often: it goes to `dead_letters` with its error and trace, others go on;
- the database is away: the message comes again later and no failure is counted;
- the process dies: the broker sends it again after ack_wait. What was delivered suspiciously often is counted before it
  is tried, so one that keeps killing processes is a dead letter, too, and one that outlived a long outage is not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from opentelemetry import trace
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from common import inbox_store
from common.bus import Bus, Delivery
from common.db import Database, Transaction
from common.messages import Message, message_class
from common.telemetry import context_of, link_of, logger, tracer
from common.topology import ACK_WAIT, Consumer, consumers

log = logger("inbox")

Handler = Callable[[Transaction, Any], Awaitable[None]]
Handlers = Mapping[type[Message], Handler]

ATTEMPTS = 5
DELIVERIES_BEFORE_SUSPICION = 10
CONCURRENCY = 16
_RETRY_AFTER = (1, 5, 30, 120)
_DATABASE_AWAY = ("08", "53", "57P", "58")
"""SQLSTATE classes for which the action is not to blame: connection, resources, shutdown, system."""


class Unreadable(Exception):
    """The body does not fit the type it names."""


class NeverFinished(Exception):
    """The broker keeps delivering it and no process came to an end with it."""


class CancelledWithin(Exception):
    """The action was cancelled by something inside it, while this process goes on."""


class NotClaimed(Exception):
    """Whether the message was worked off could not be found out: its action did not even begin."""


class Inbox:
    """Everything one service hears."""

    def __init__(
        self, service: str, database: Database, handlers: Handlers, retry_after: tuple[float, ...] = _RETRY_AFTER
    ) -> None:
        self._service = service
        self._database = database
        self._handlers = handlers
        self._retry_after = retry_after
        self._under_way: set[Delivery] = set()

    async def run(self, bus: Bus) -> None:
        """Hear until cancelled; actions under way are finished first, for at most ten seconds."""
        async with asyncio.TaskGroup() as listening:
            listening.create_task(self._keep_alive())
            for consumer in consumers(self._service):
                listening.create_task(self._hear(bus, consumer))

    async def _hear(self, bus: Bus, consumer: Consumer) -> None:
        working: set[asyncio.Task[None]] = set()
        try:
            while True:
                try:
                    async for delivery in bus.pull(consumer, lambda: CONCURRENCY - len(working)):
                        task = asyncio.create_task(self._work_off(consumer, delivery))
                        working.add(task)
                        task.add_done_callback(working.discard)
                except Exception as error:  # noqa: BLE001 - listening goes on whatever the client library raises
                    log.warning("listening was interrupted", consumer=consumer.name, error=repr(error))
                    await asyncio.sleep(0.5)
        finally:
            if working:
                await asyncio.wait(working, timeout=10)

    async def _work_off(self, consumer: Consumer, delivery: Delivery) -> None:
        self._under_way.add(delivery)
        try:
            await self.receive(consumer.name, delivery)
        except (DBAPIError, PoolTimeout, NotClaimed) as error:
            log.warning(
                "no database for a message; it will come again", consumer=consumer.name, error=type(error).__name__
            )
            await _quietly(delivery.again_in(timedelta(seconds=self._retry_after[0])))
        except Exception:
            log.exception("a message could not be worked off; it will come again", consumer=consumer.name)
        finally:
            self._under_way.discard(delivery)

    async def _keep_alive(self) -> None:
        """Keep the broker from sending what is under way to someone else: said at least twice within its patience."""
        while True:
            await asyncio.sleep(ACK_WAIT.total_seconds() / 3)
            await asyncio.gather(*(_quietly(delivery.still_working()) for delivery in self._under_way))

    async def receive(self, consumer: str, delivery: Delivery) -> None:
        """Let one delivery take effect, or count its failure, and answer the broker."""
        span = tracer().start_as_current_span(
            f"process {delivery.subject}",
            context=context_of(delivery.traceparent),
            kind=trace.SpanKind.CONSUMER,
            links=link_of(delivery.traceparent),
            attributes={
                "messaging.system": "nats",
                "messaging.operation.name": "process",
                "messaging.operation.type": "process",
                "messaging.destination.name": delivery.subject,
                "messaging.consumer.group.name": consumer,
                "messaging.message.id": delivery.message_id,
            },
        )
        with span:
            try:
                if delivery.deliveries <= DELIVERIES_BEFORE_SUSPICION or not await self._is_hopeless(
                    consumer, delivery
                ):
                    await self._take_effect(consumer, delivery)
            except Exception as error:
                if _database_is_away(error):
                    raise
                failures = await self._count_failure(consumer, delivery, error)
                if failures:
                    delay = self._retry_after[min(failures, len(self._retry_after)) - 1]
                    await _quietly(delivery.again_in(timedelta(seconds=delay)))
                    return
            await _quietly(delivery.done())

    async def replay(self, consumer: str, message_id: str) -> bool:
        """Run the action of a dead letter again, here and nowhere else. False when there is no such letter.

        A message that came again and took effect meanwhile is only marked. Raises whatever the action raises; the letter
        then stays.
        """
        async with self._database.transaction() as transaction:
            letter = await inbox_store.dead_letter(transaction.connection, consumer, message_id)
            if letter is None:
                return False
            message, handler = self._read(letter.type, letter.body)
            if await inbox_store.claim(transaction.connection, consumer, message_id, transaction.now):
                await handler(transaction, message)
            await inbox_store.mark_replayed(transaction.connection, consumer, message_id, transaction.now)
        return True

    async def _take_effect(self, consumer: str, delivery: Delivery) -> None:
        message, handler = self._read(delivery.type, delivery.body)
        try:
            async with self._database.transaction() as transaction:
                inbox_store.claim_ahead(transaction.connection, consumer, delivery.message_id, transaction.now)
                await handler(transaction, message)
        except DBAPIError as error:
            if inbox_store.is_handled(error):
                return
            if inbox_store.is_of_claim(error):
                raise NotClaimed(f"{error.orig}") from error
            raise
        except asyncio.CancelledError as cancelled:
            if _this_task_is_cancelled():
                raise
            raise CancelledWithin("the action was cancelled from within") from cancelled

    def _read(self, message_type: str, body: bytes | str) -> tuple[Message, Handler]:
        kind = message_class(message_type)
        handler = self._handlers.get(kind) if kind else None
        if kind is None or handler is None:
            raise Unreadable(f"this release does not know {message_type!r}")
        try:
            return kind.parse(body), handler
        except ValidationError as error:
            raise Unreadable(f"{message_type}: {error.errors(include_input=False, include_url=False)}") from None

    async def _is_hopeless(self, consumer: str, delivery: Delivery) -> bool:
        """Count a failure ahead of a try that may end this process; True when it was one too many."""
        reason = NeverFinished(f"delivered {delivery.deliveries} times and never finished")
        return not await self._count_failure(consumer, delivery, reason)

    async def _count_failure(self, consumer: str, delivery: Delivery, error: Exception) -> int:
        """How often the message has failed now; 0 when it need not come again, being buried or worked off elsewhere."""
        reason = f"{type(error).__name__}: {error}"[:2000].replace("\x00", "\ufffd")
        reason = reason.encode(errors="replace").decode()
        async with self._database.transaction() as transaction:
            failures = await inbox_store.count_failure(
                transaction.connection, consumer, delivery.message_id, reason, transaction.now
            )
            dead = failures > 0 and (isinstance(error, Unreadable) or failures >= ATTEMPTS)
            if dead:
                await inbox_store.bury(transaction.connection, consumer, delivery, reason, failures, transaction.now)
        trace.get_current_span().record_exception(error)
        if dead:
            log.error(
                "ALARM: a message became a dead letter",
                consumer=consumer,
                message_id=delivery.message_id,
                reason=reason,
            )
            return 0
        log.warning(
            "an action failed; its message comes again",
            consumer=consumer,
            message_id=delivery.message_id,
            reason=reason,
        )
        return failures


def _database_is_away(error: Exception) -> bool:
    """Whether trying again later is all there is to do, as against an action that fails in the database."""
    if isinstance(error, OperationalError | InterfaceError):
        sqlstate = getattr(error.orig, "sqlstate", None)
        return sqlstate is None or sqlstate.startswith(_DATABASE_AWAY)
    return isinstance(error, PoolTimeout | NotClaimed)


def _this_task_is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _quietly(answer: Awaitable[None]) -> None:
    """Answer the broker; if it is away the message comes again and the inbox row makes that harmless."""
    try:
        await answer
    except Exception as error:  # noqa: BLE001 - nothing depends on the answer arriving
        log.info("the broker did not take an answer", error=repr(error))
