"""(b) Orders placed and paid per second through the gateway with everything running, beside pgbench doing the same SQL."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
import uvloop

from bench import buying
from bench.people import Market, open_market
from bench.proc import cpu_by_program
from bench.report import NotMeasured, alternate, heading, median, p50_and_p99, say
from bench.sql_limit import SqlLimit, differences, per_order, sql_limit, writes
from bench.stack import STACK, Platform
from bench.wire import Wire, connections

BUYERS = 16
SECONDS = 8
DRAIN_SECONDS = 60.0
_COUNTERS_LATE = 1.5
"""Seconds until PostgreSQL's counters tell what was done."""
_PAID = "SELECT count(*) FROM orders WHERE event_id = %s AND status = 'paid'"


@dataclass
class Sales:
    """What a market sold so far."""

    market: Market
    commerce: str
    """The URL of commerce's database, where the outcome is looked up without burdening the gateway."""
    number: int = 0
    placing: list[float] = field(default_factory=list)
    """Milliseconds of each buyer's wait from placing to the address to pay at."""
    work: dict[str, float] = field(default_factory=dict)
    """Seconds of processor time spent on it, by program."""

    def paid(self) -> int:
        """How many orders are paid."""
        return paid_of(self.commerce, self.market)

    def wait_until_paid(self) -> None:
        """Return when the last one is. Raises NotMeasured when that takes a minute."""
        _wait_for(lambda: self.paid() == self.number, "every order paid")

    async def rush(self, seconds: float) -> None:
        """Sixteen buyers, each ordering and paying again and again."""
        async with connections(STACK.port("gateway"), len(self.market.buyers)) as wires:
            until = time.monotonic() + seconds
            await asyncio.gather(*(self._buy_until(until, buyer, wire) for buyer, wire in enumerate(wires)))

    async def _buy_until(self, until: float, index: int, wire: Wire) -> None:
        buyer = self.market.buyers[index]
        while time.monotonic() < until:
            self.number += 1
            began = time.perf_counter()
            order = await buying.place(wire, self.market, buyer, str(self.number))
            self.placing.append((time.perf_counter() - began) * 1000)
            await buying.pay(wire, buyer, order.payment_id)


def paid_of(commerce: str, market: Market) -> int:
    """How many orders of a market are paid, as commerce's database at this URL says."""
    with psycopg.connect(commerce) as database:
        row = database.execute(_PAID, (market.event.uuid,)).fetchone()
    return int(row[0]) if row else 0


def run(platform: Platform, rounds: int = 3) -> None:
    """Measure and print."""
    heading("(b) orders placed and paid, everything running", "python -m bench orders")
    say(
        f"  {BUYERS} buyers through the gateway, one tier, webhooks over HTTP, until every order is paid; pgbench: {BUYERS} clients"
    )
    with sql_limit(platform) as limit:
        sales = Sales(open_market(BUYERS), platform.database("commerce"))
        platform.wait_until_quiet()
        before = writes(sales.commerce), writes(limit.superuser)
        seen = alternate(
            rounds,
            ours=lambda number: _our_round(platform, sales, number),
            pgbench=lambda number: _pgbench_round(limit, number),
        )
        time.sleep(_COUNTERS_LATE)
        ours = per_order(before[0], writes(sales.commerce), sales.number)
        theirs = per_order(before[1], writes(limit.superuser), limit.orders())
    _print(seen, sales)
    _print_writes(differences(ours, theirs))


def _our_round(platform: Platform, sales: Sales, number: int) -> float:
    was, began, work = sales.number, time.perf_counter(), cpu_by_program(platform.pid)
    uvloop.run(sales.rush(SECONDS))
    bought = time.perf_counter()
    sales.wait_until_paid()
    done = time.perf_counter()
    orders = sales.number - was
    rate = orders / (done - began)
    say(
        f"    round {number}, ours    {rate:8,.1f} orders/s ({orders} orders, the last paid {done - bought:.2f} s after the rush)"
    )
    platform.wait_until_quiet()
    for name, used in cpu_by_program(platform.pid).items():
        sales.work[name] = sales.work.get(name, 0.0) + used - work.get(name, 0.0)
    return rate


def _pgbench_round(limit: SqlLimit, number: int) -> float:
    rate = limit.run(number, BUYERS, SECONDS)
    say(f"    round {number}, pgbench {rate:8,.1f} orders/s")
    return rate


def _wait_for(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise NotMeasured(f"waited {DRAIN_SECONDS:.0f} s in vain for {what}")
        time.sleep(0.02)


def _print(seen: dict[str, list[float]], sales: Sales) -> None:
    ours, pgbench = median(seen["ours"]), median(seen["pgbench"])
    say(f"  medians: ours {ours:,.1f} orders/s   pgbench {pgbench:,.1f} orders/s   ratio {ours / pgbench:.3f}")
    say(f"  a buyer waits from placing to the address to pay at: {p50_and_p99(sales.placing)}")
    busiest = sorted(sales.work.items(), key=lambda item: -item[1])
    shares = ", ".join(
        f"{name} {used * 1000 / sales.number:.1f}" for name, used in busiest if used * 1000 > sales.number * 0.1
    )
    say(f"  milliseconds of processor time for each order, until all that follows from it is done: {shares}")


def _print_writes(differing: list[str]) -> None:
    if not differing:
        say("  both sides inserted and updated as many rows for each order, in every table")
        return
    say("  NOTE: bench/place_and_pay.sql does not write what commerce writes (rows inserted + updated for each order):")
    for line in differing:
        say(f"    {line}")
