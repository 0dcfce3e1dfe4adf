"""Orders per second beside pretix, in turns in one run: like with like, and all of our way beside its one call."""

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import uvloop

from bench.orders import BUYERS, SECONDS, Sales, paid_of
from bench.people import Market, open_market
from bench.programs import output_of
from bench.report import NotMeasured, heading, median, percentile, say
from bench.stack import STACK, Platform, forget, platform
from bench.wire import Wire, connections
from devstack.stack import REPOSITORY

ROUNDS = 5
AT_ONCE = 8
PAUSED = "identity,events,dp,wallet,releases"
"""Who hears nothing while like is measured with like: pretix's mails, webhooks and exports are queued and not worked off, either."""
_PEER_ORDERS = "120"
_PEER_SECONDS = 900.0
_RATE = re.compile(r"^orders/s ([\d.]+) .*?(\{.*\})$", re.MULTILINE)


def run() -> None:
    """Measure and print. Raises NotMeasured where pretix cannot be installed or started."""
    heading("Orders beside pretix, in the same run", "python -m bench pretix")
    peer = _peer()
    say(
        f"  pretix: one call that creates a paid order, {AT_ONCE} at once, 2 gunicorn workers, its tasks queued and not run"
    )
    say(
        f"  ours, like with like: one call that creates a paid order, {AT_ONCE} at once, through the gateway, PostgreSQL with fsync"
    )
    _pretix_round(peer, 0)  # installs it, and warms it
    with _fresh(LANYARD_WITHOUT_CONSUMERS=PAUSED) as running:
        paused, beside = _in_turns(peer, "consumers paused", lambda: _at_the_door(running))
    with _fresh() as running:
        working, beside_working = _in_turns(peer, "everything running", lambda: _at_the_door(running))
        whole, beside_whole = _in_turns(peer, "everything running, four calls an order", lambda: _whole_way(running))
    say("  medians, orders/s, and how often pretix's of the same rounds:")
    for name, ours, theirs in (
        ("one call, consumers paused", paused, beside),
        ("one call, everything running", working, beside_working),
        ("four calls, everything running", whole, beside_whole),
    ):
        say(
            f"    {name:32} ours {median(ours):8,.1f}   pretix {median(theirs):6,.1f}   {median(ours) / median(theirs):5.1f} times"
        )


def _fresh(**more: str) -> AbstractContextManager[Platform]:
    forget()
    return platform(**more)


def _in_turns(peer: Path, name: str, ours: Callable[[], float]) -> tuple[list[float], list[float]]:
    seen: tuple[list[float], list[float]] = ([], [])
    for number in range(1, ROUNDS + 1):
        seen[1].append(_pretix_round(peer, number))
        seen[0].append(ours())
        say(f"    round {number}, {name}: ours {seen[0][-1]:8,.1f}   pretix {seen[1][-1]:6,.1f} orders/s")
    return seen


def _peer() -> Path:
    found = Path(os.environ.get("LANYARD_PEER_PRETIX", REPOSITORY.parent / "shared/peers/pretix/run"))
    if not found.is_file():
        raise NotMeasured(f"no script that runs pretix at {found} (LANYARD_PEER_PRETIX names another)")
    return found


def _pretix_round(peer: Path, number: int) -> float:
    said = output_of([peer, _PEER_ORDERS, str(AT_ONCE)], _PEER_SECONDS, dict(os.environ))
    rate = _RATE.search(said)
    if rate is None or rate[2] != "{}":
        raise NotMeasured(f"pretix, round {number}: {said[-600:]}")
    return float(rate[1])


def _at_the_door(running: Platform) -> float:
    """Orders created and paid by one call each, per second of the rush."""
    market = open_market(0)
    times: list[float] = []
    running.wait_until_quiet()
    began = time.perf_counter()
    uvloop.run(_rush(market, times))
    seconds = time.perf_counter() - began
    paid = paid_of(running.database("commerce"), market)
    if paid != len(times):
        raise NotMeasured(f"{len(times)} orders were answered with 201, and {paid} are paid")
    say(f"      {len(times)} orders, p50 {percentile(times, 0.5):.1f} ms, p99 {percentile(times, 0.99):.1f} ms")
    running.wait_until_quiet()
    return len(times) / seconds


async def _rush(market: Market, times: list[float]) -> None:
    numbers = iter(range(1_000_000))
    async with connections(STACK.port("gateway"), AT_ONCE) as wires:
        until = time.monotonic() + SECONDS
        await asyncio.gather(*(_sell_until(until, wire, market, numbers, times) for wire in wires))


async def _sell_until(until: float, wire: Wire, market: Market, numbers: Iterator[int], times: list[float]) -> None:
    path = f"/v1/events/{market.event_id}/orders"
    while time.monotonic() < until:
        number = next(numbers)
        body = {
            "lines": [{"ticketTierId": market.tier_id, "quantity": 1, "attendees": [{"name": f"P {number}"}]}],
            "payment": "cash",
            "buyer": {"email": f"a{number}.{market.mark}@example.org"},
        }
        began = time.perf_counter()
        await wire.expect(201, "POST", path, market.organiser.token, body=body, key=f"{market.mark}-{number}")
        times.append((time.perf_counter() - began) * 1000)


def _whole_way(running: Platform) -> float:
    """Orders placed by their buyers and paid through the sandbox, per second until the last is paid."""
    sales = Sales(open_market(BUYERS), running.database("commerce"))
    running.wait_until_quiet()
    began = time.perf_counter()
    uvloop.run(sales.rush(SECONDS))
    sales.wait_until_paid()
    seconds = time.perf_counter() - began
    running.wait_until_quiet()
    return sales.number / seconds
