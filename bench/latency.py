"""(c) Milliseconds from order.paid to pass.issued and to wallet_pass.created: at a moderate rate, and in a burst."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
import uvloop
from tests.e2e.journey import Person

from bench import buying
from bench.people import Market, open_market
from bench.report import NotMeasured, heading, p50_and_p99, say
from bench.stack import STACK, Platform
from bench.wire import Wire, connections

BUYERS, CONNECTIONS = 16, 32
ORDERS = 240
PER_SECOND = 20
FOLLOWED = 10
"""Of the steady orders every tenth is followed through the API, by asking for its wallet pass until it is there."""
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
class Shop:
    """Buyers and the connections they share."""

    market: Market
    free: asyncio.Queue[Wire]
    seen_after: list[float] = field(default_factory=list)
    """Milliseconds from the answer to the payment's outcome until the API showed the wallet pass."""
    late: float = 0.0
    """The most seconds an order began after its time: then buyers, not the platform, had to wait."""

    def buyer(self, number: int) -> Person:
        """They take turns."""
        return self.market.buyers[number % len(self.market.buyers)]

    async def steady(self) -> None:
        """Place and pay at an even rate, whether or not the orders before are done."""
        began = time.monotonic()
        await asyncio.gather(*(self._in_time(began + number / PER_SECOND, number) for number in range(ORDERS)))

    async def burst(self) -> None:
        """Place all orders first, then pay all of them as fast as the gateway takes it."""
        orders = await asyncio.gather(*(self._place(number) for number in range(ORDERS)))
        await asyncio.gather(*(self._pay(number, order) for number, order in enumerate(orders)))

    async def _in_time(self, due: float, number: int) -> None:
        await asyncio.sleep(due - time.monotonic())
        async with self._wire() as wire:
            self.late = max(self.late, time.monotonic() - due)
            buyer = self.buyer(number)
            order = await buying.place(wire, self.market, buyer, f"steady-{number}")
            await buying.pay(wire, buyer, order.payment_id)
            if number % FOLLOWED == 0:
                self.seen_after.append(await _follow(wire, buyer, order.id))

    async def _place(self, number: int) -> buying.Order:
        async with self._wire() as wire:
            return await buying.place(wire, self.market, self.buyer(number), f"burst-{number}")

    async def _pay(self, number: int, order: buying.Order) -> None:
        async with self._wire() as wire:
            await buying.pay(wire, self.buyer(number), order.payment_id)

    @asynccontextmanager
    async def _wire(self) -> AsyncIterator[Wire]:
        wire = await self.free.get()
        try:
            yield wire
        finally:
            self.free.put_nowait(wire)


async def _follow(wire: Wire, buyer: Person, order_id: str) -> float:
    """Ask until the order's pass and then its wallet pass are there; how long that took in milliseconds."""
    began = time.perf_counter()
    pass_id, deadline = "", began + ARRIVE_SECONDS
    while time.perf_counter() < deadline:
        if not pass_id:
            found = (await wire.expect(200, "GET", f"/v1/passes?orderId={order_id}", buyer.token))["items"]
            pass_id = found[0]["id"] if found else ""
        elif (await wire.ask("GET", f"/v1/passes/{pass_id}/wallet", buyer.token)).status == 200:
            return (time.perf_counter() - began) * 1000
        await asyncio.sleep(_LOOK_EVERY)
    raise NotMeasured(f"no wallet pass for an order within {ARRIVE_SECONDS:.0f} s")


def run(platform: Platform) -> None:
    """Measure and print."""
    heading("(c) from order.paid to the pass and to the wallet pass", "python -m bench latency")
    say(
        "  between the rows of the services' own outboxes: the moments at which their transactions began, one clock for all"
    )
    market = open_market(BUYERS)
    _measure(platform, market, f"{ORDERS} orders at {PER_SECOND} a second", Shop.steady)
    _measure(platform, market, f"{ORDERS} orders paid in one burst", Shop.burst)


def _measure(platform: Platform, market: Market, title: str, pay: Callable[[Shop], Awaitable[None]]) -> None:
    platform.wait_until_quiet()
    since = datetime.now(UTC)
    shop = uvloop.run(_bought(market, pay))
    issued, created = _arrivals(platform, since)
    say(f"  {title}:")
    say(f"    to pass.issued          {p50_and_p99(issued)}")
    say(f"    to wallet_pass.created  {p50_and_p99(created)}")
    if shop.seen_after:
        followed = f"{len(shop.seen_after)} followed through the API, from the end of paying to the wallet pass"
        say(f"    {followed}: {p50_and_p99(shop.seen_after)}")
        say(f"    the latest order began {shop.late * 1000:.0f} ms after its time")


async def _bought(market: Market, pay: Callable[[Shop], Awaitable[None]]) -> Shop:
    async with connections(STACK.port("gateway"), CONNECTIONS) as wires:
        free: asyncio.Queue[Wire] = asyncio.Queue()
        for wire in wires:
            free.put_nowait(wire)
        shop = Shop(market, free)
        await pay(shop)
    return shop


def _arrivals(platform: Platform, since: datetime) -> tuple[list[float], list[float]]:
    """Milliseconds to each pass and to each wallet pass, once every order has both."""
    deadline = time.monotonic() + ARRIVE_SECONDS
    with (
        psycopg.connect(platform.database("commerce"), autocommit=True) as commerce,
        psycopg.connect(platform.database("events"), autocommit=True) as events,
        psycopg.connect(platform.database("wallet"), autocommit=True) as wallet,
    ):
        while time.monotonic() < deadline:
            created = wallet.execute(_CREATED, (since,)).fetchall()
            if len(created) == ORDERS:
                paid: dict[str, datetime] = dict(commerce.execute(_PAID, (since,)).fetchall())
                issued = {one: (paid[order], at) for order, one, at in events.execute(_ISSUED, (since,))}
                to_pass = [_milliseconds(begun, at) for begun, at in issued.values()]
                return to_pass, [_milliseconds(issued[one][0], at) for one, at in created]
            time.sleep(0.2)
    raise NotMeasured(f"{len(created)} of {ORDERS} wallet passes within {ARRIVE_SECONDS:.0f} s")


def _milliseconds(begun: datetime, ended: datetime) -> float:
    return (ended - begun).total_seconds() * 1000
