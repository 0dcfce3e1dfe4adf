"""(c) Milliseconds from order.paid to pass.issued and to wallet_pass.created: at a moderate rate, and in a burst."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
import uvloop

from bench import buying
from bench.people import Market, open_market
from bench.report import NotMeasured, heading, p50_and_p99, say
from bench.stack import STACK, Platform
from bench.wire import Wire, connections
from tests.e2e.journey import Person

BUYERS = 16
ORDERS = 240
PER_SECOND = 20
FOLLOWED = 10
"""Every so many orders, one is followed by asking the API until its wallet pass is there."""
ARRIVE_SECONDS = 60.0
_LOOK_EVERY = 0.01

_PAID = "SELECT aggregate_id, created_at FROM outbox WHERE subject = 'order.paid' AND created_at >= %s"
_ISSUED = """
    SELECT body::jsonb ->> 'orderId', aggregate_id, created_at FROM outbox WHERE subject = 'pass.issued' AND created_at >= %s
"""
_CREATED = """
    SELECT body::jsonb ->> 'passId', created_at FROM outbox WHERE subject = 'wallet_pass.created' AND created_at >= %s
"""


@dataclass
class Run:
    """One way of paying for many orders."""

    market: Market
    seen_after: list[float] = field(default_factory=list)
    """Milliseconds from the answer to the payment's outcome until the API showed the wallet pass."""
    late: float = 0.0
    """The most seconds a payment began after its time: the load generator or the platform did not keep up."""

    async def steady(self, wires: list[Wire]) -> None:
        """Orders placed and paid at an even rate, whether or not the ones before are done."""
        free: asyncio.Queue[Wire] = asyncio.Queue()
        for wire in wires:
            free.put_nowait(wire)
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(ORDERS):
                await asyncio.sleep(began + number / PER_SECOND - time.monotonic())
                group.create_task(_with_one(free, self._buy(free, number, began + number / PER_SECOND)))

    async def _buy(self, free: asyncio.Queue[Wire], number: int, due: float) -> None:
        buyer = self._buyer(number)
        wire = await free.get()
        self.late = max(self.late, time.monotonic() - due)
        try:
            payment_id = await buying.place(wire, self.market, buyer, f"steady-{number}")
            await buying.pay(wire, buyer, payment_id)
        finally:
            free.put_nowait(wire)

    def _buyer(self, number: int) -> Person:
        return self.market.buyers[number % len(self.market.buyers)]
