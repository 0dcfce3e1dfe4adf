"""Carries the outbox to the broker. One relay per service works at a time; the others wait for its advisory lock.

It sweeps every unsent row, oldest first, in pipelined single publishes with message ids, so that a crash between
publishing and marking only repeats what the broker already knows. A commit wakes it; a slow poll catches what a crash left.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from opentelemetry import trace
from sqlalchemy import text
from sqlalchemy.engine import Row

from common import outbox
from common.bus import BrokerAway, BrokerRefuses, Bus, Letter
from common.db import Database
from common.postgres import Conversation
from common.telemetry import context_of, current_traceparent, logger, tracer

log = logger("relay")

BATCH = 256
_POLL = 0.5
_LOCK_RETRY = 1.0
_AWAY_RETRY = 0.5


class Relay:
    """One service's relay."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self.leading = False
        database.when_messages_commit(self._wake.set)

    async def run(self) -> None:
        """Relay until `stop` is called or this is cancelled. A lost database or broker is waited for; no fault ends this."""
        while not self._stopping.is_set():
            try:
                await self._lead_when_elected()
            except Exception as error:  # noqa: BLE001 - an outbox nobody empties is worse than any fault
                log.warning("the relay was interrupted", error=repr(error))
            finally:
                self.leading = False
            await _wait(self._stopping, _LOCK_RETRY)

    def stop(self) -> None:
        """Let `run` end after a last sweep, its lock given back."""
        self._stopping.set()
        self._wake.set()

    async def _lead_when_elected(self) -> None:
        # Its lock ends with the connection, which is closed when this is interrupted.
        async with self._database.connection() as connection:
            if not await connection.scalar(text("SELECT pg_try_advisory_lock(hashtext('lanyard relay'))")):
                return
            self.leading = True
            await self._lead(connection)
            await connection.execute(text("SELECT pg_advisory_unlock_all()"))

    async def _lead(self, connection: Conversation) -> None:
        while True:
            self._wake.clear()
            last = self._stopping.is_set()
            more = await self.sweep(connection)
            if last:
                return
            if not more:
                await _wait(self._wake, _POLL)

    async def sweep(self, connection: Conversation) -> bool:
        """Send every unsent row once. True when some were sent, so that looking again makes sense at once."""
        after, sent_any, more = 0, False, True
        while more and (rows := await outbox.unsent(connection, after, BATCH)):
            after, more = rows[-1].position, len(rows) == BATCH
            outcomes = await asyncio.gather(*(self._send(row) for row in rows))
            sent = [row.position for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
            if sent:
                sent_any = True
                outbox.mark_sent(connection, sent, self._database.clock.now())
            await self._record_refusals(connection, rows, outcomes)
            if any(isinstance(outcome, BrokerAway) for outcome in outcomes):
                await _wait(self._stopping, _AWAY_RETRY)
                return False
        return sent_any

    async def _send(self, row: Row[Any]) -> BrokerAway | BrokerRefuses | None:
        span = tracer().start_as_current_span(
            f"send {row.subject}",
            context=context_of(row.traceparent),
            kind=trace.SpanKind.PRODUCER,
            attributes={
                "messaging.system": "nats",
                "messaging.operation.name": "send",
                "messaging.operation.type": "send",
                "messaging.destination.name": row.subject,
                "messaging.message.id": str(row.message_id),
                "lanyard.outbox.wait_ms": _milliseconds_since(row.created_at, self._database.clock.now()),
            },
        )
        with span:
            try:
                await self._bus.publish(_letter(row, self._database.publisher))
            except (BrokerAway, BrokerRefuses) as reason:
                return reason
            return None

    async def _record_refusals(
        self,
        connection: Conversation,
        rows: Sequence[Row[Any]],
        outcomes: Sequence[BrokerAway | BrokerRefuses | None],
    ) -> None:
        now = self._database.clock.now()
        for row, outcome in zip(rows, outcomes, strict=True):
            if isinstance(outcome, BrokerRefuses) and await outbox.record_refused(
                connection, row.position, str(outcome), now
            ):
                log.error(
                    "ALARM: the broker keeps refusing a message; it is set aside",
                    subject=row.subject,
                    reason=str(outcome),
                )


async def _wait(happening: asyncio.Event, seconds: float) -> None:
    """Wait for it, but no longer than that."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(happening.wait(), timeout=seconds)


def _letter(row: Row[Any], publisher: str) -> Letter:
    return Letter(
        message_id=str(row.message_id),
        source=f"/lanyard/{publisher}",
        subject=row.subject,
        type=row.type,
        aggregate_id=row.aggregate_id,
        sequence=row.sequence,
        time=row.created_at.isoformat(),
        body=row.body,
        traceparent=current_traceparent() or row.traceparent,
    )


def _milliseconds_since(moment: datetime, now: datetime) -> int:
    return int((now - moment).total_seconds() * 1000)
