"""A thousand people want a hundred places in the same moment: exactly a hundred get one, and everybody is answered."""

import asyncio
import json
import time
from collections import Counter

import psycopg
import uvloop

from bench.people import Market, open_market
from bench.report import NotMeasured, heading, p50_and_p99, say
from bench.stack import STACK, Platform
from bench.wire import Answer, Wire, connections
from common.ids import TicketTierId
from gateway.testing.trials import Population

BUYERS = 1000
PLACES = 100
_AT_ONCE_BEFORE = 20
_COUNTS = "SELECT held, sold FROM stock WHERE ticket_tier_id = %s"
_ORDERS = "SELECT count(*) FROM orders WHERE event_id = %s"


def run(platform: Platform) -> None:
    """Measure and print. Raises NotMeasured when more or fewer places were sold, or anybody got a 5xx."""
    heading(f"{BUYERS:,} buyers for {PLACES} places in one burst", "python -m bench burst")
    market = open_market(0, capacity=PLACES)
    people = Population(platform.database("identity"), STACK.secrets.key("access-token-key"))
    tokens = [person.token for person in people.people(BUYERS)]
    platform.wait_until_quiet()
    times: list[float] = []
    answers = uvloop.run(_burst(market, tokens, times))
    seconds = time.perf_counter() - times.pop(0)
    outcomes = Counter(_outcome(answer) for answer in answers)
    mix = ", ".join(f"{count} {name}" for name, count in outcomes.most_common())
    say(f"  {mix}; all answered after {seconds:.2f} s; {p50_and_p99(times)}")
    with psycopg.connect(platform.database("commerce")) as database:
        counts = database.execute(_COUNTS, (TicketTierId(market.tier_id).uuid,)).fetchone()
        orders = database.execute(_ORDERS, (market.event.uuid,)).fetchone()
    say(f"  held and sold by the count of the stock: {counts}; orders: {orders}")
    if counts is None or sum(counts) != PLACES or orders != (PLACES,) or outcomes["201"] != PLACES:
        raise NotMeasured("not exactly as many were sold as there were places")
    if any(answer.status >= 500 for answer in answers):
        raise NotMeasured("somebody was answered with a 5xx")


async def _burst(market: Market, tokens: list[str], times: list[float]) -> list[Answer]:
    async with connections(STACK.port("gateway"), len(tokens)) as wires:
        # Whoever waits for the sale to begin has the app open: the gateway knows them, or must look a thousand up at once.
        for place in range(0, len(tokens), _AT_ONCE_BEFORE):
            some = slice(place, place + _AT_ONCE_BEFORE)
            await asyncio.gather(
                *(w.expect(200, "GET", "/v1/orders", t) for w, t in zip(wires[some], tokens[some], strict=True))
            )
        times.append(time.perf_counter())
        return await asyncio.gather(
            *(_order(wire, market, token, times) for wire, token in zip(wires, tokens, strict=True))
        )


async def _order(wire: Wire, market: Market, token: str, times: list[float]) -> Answer:
    body = {"eventId": market.event_id, "lines": [{"ticketTierId": market.tier_id, "quantity": 1}]}
    began = time.perf_counter()
    answer = await wire.ask("POST", "/v1/orders", token, body=body, key=f"{market.mark}-burst")
    times.append((time.perf_counter() - began) * 1000)
    return answer


def _outcome(answer: Answer) -> str:
    return str(answer.status) if answer.status == 201 else f"{answer.status} {json.loads(answer.body).get('code')}"
