"""Placing an order inside commerce, everybody wanting the same tier, beside pgbench saying the same SQL on one row."""

import asyncio
import time

import uvloop

from bench.orders import BUYERS, SECONDS
from bench.people import Market, open_market
from bench.report import alternate, heading, median, p50_and_p99, say
from bench.sql_limit import PLACING, SqlLimit, sql_limit
from bench.stack import STACK, Platform
from bench.wire import Wire, connections
from common.clock import SystemClock, SystemEntropy
from common.ids import SignInId, UserId
from common.principal import InternalIssuer, Principal

ROUNDS = 3


def run(platform: Platform) -> None:
    """Measure and print."""
    heading("Placing an order inside commerce, one hot row", "python -m bench hot-row")
    say(f"  {BUYERS} connections to commerce's own port with the gateway's tokens, one tier; pgbench: {BUYERS} clients")
    times: list[float] = []
    with sql_limit(platform) as limit:
        market = open_market(0)
        platform.wait_until_quiet()
        seen = alternate(
            ROUNDS,
            ours=lambda number: _our_round(platform, market, number, times),
            pgbench=lambda number: _pgbench_round(limit, number),
        )
    ours, pgbench = median(seen["ours"]), median(seen["pgbench"])
    say(
        f"  medians: ours {ours:,.1f} orders/s   pgbench {pgbench:,.1f} orders/s   {ours / pgbench:.0%}; {p50_and_p99(times)}"
    )


def _our_round(platform: Platform, market: Market, number: int, times: list[float]) -> float:
    tokens = [_token() for _ in range(BUYERS)]
    was, began = len(times), time.perf_counter()
    uvloop.run(_rush(market, tokens, number, times))
    rate = (len(times) - was) / (time.perf_counter() - began)
    say(f"    round {number}, ours    {rate:8,.1f} orders/s")
    platform.wait_until_quiet()
    return rate


def _pgbench_round(limit: SqlLimit, number: int) -> float:
    rate = limit.run(number, BUYERS, SECONDS, PLACING)
    say(f"    round {number}, pgbench {rate:8,.1f} orders/s")
    return rate


def _token() -> str:
    """What the gateway would send for a fresh buyer; good for a minute."""
    now, entropy = SystemClock().now(), SystemEntropy()
    user_id = UserId.new(now, entropy)
    buyer = Principal(
        "user",
        user_id,
        SignInId.new(now, entropy),
        authenticated_at=now,
        email=f"{user_id}@example.org",
    )
    return InternalIssuer(STACK.secrets.key("internal-signing-key")).mint(buyer, "commerce", now)


async def _rush(market: Market, tokens: list[str], number: int, times: list[float]) -> None:
    async with connections(STACK.port("commerce"), len(tokens)) as wires:
        until = time.monotonic() + SECONDS
        await asyncio.gather(
            *(
                _place_until(until, wire, market, token, number, times)
                for wire, token in zip(wires, tokens, strict=True)
            )
        )


async def _place_until(until: float, wire: Wire, market: Market, token: str, number: int, times: list[float]) -> None:
    body = {
        "eventId": market.event_id,
        "lines": [{"ticketTierId": market.tier_id, "quantity": 1, "attendees": [{"name": "Attendee"}]}],
    }
    placed = 0
    while time.monotonic() < until:
        placed += 1
        began = time.perf_counter()
        await wire.expect(201, "POST", "/v1/orders", token, body=body, key=f"{number}-{placed}")
        times.append((time.perf_counter() - began) * 1000)
