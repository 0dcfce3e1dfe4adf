"""Revoke, then call: a thousand people lose a right through one gateway and ask the other at once. Nobody may be admitted.

Two gateways, identity, PostgreSQL and NATS, each a process; the same again with NATS killed. `gateway.testing.trials` says
what is tried; the gateway's tests try it two hundred times each way.
"""

import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.report import NotMeasured, heading, say
from common.testing.servers import remove, start_servers
from common.tokens import SigningKey
from gateway.testing.replicas import Replicas, replicas
from gateway.testing.trials import Population
from gateway.testing.trials import run as run_trials

TRIALS = 1000


def run() -> None:
    """Try and tell. Raises NotMeasured when somebody was admitted."""
    heading("Revoke, then call at the other of two gateways", "python -m bench revocation")
    folder = Path(tempfile.mkdtemp(prefix="lanyard-bench-"))
    servers = start_servers(folder)
    key = SigningKey.generate()
    try:
        with replicas(servers, folder, key) as (processes, urls):
            asyncio.run(_both_ways(processes, Population(urls.superuser, key)))
    finally:
        servers.close()
        remove(folder)


async def _both_ways(processes: Replicas, people: Population) -> None:
    async with processes.whole():
        await _measure("with NATS", processes, people, at_once=10)
        await asyncio.to_thread(processes.broker.kill)
        await _measure("with NATS killed", processes, people, at_once=40)


async def _measure(name: str, processes: Replicas, people: Population, at_once: int) -> None:
    trials = people.trials(TRIALS)
    began = time.perf_counter()
    outcomes = await run_trials(processes, trials, at_once)
    seconds = time.perf_counter() - began
    wrong = [outcome for outcome in outcomes if not outcome.as_it_must]
    if wrong:
        raise NotMeasured(f"{name}: {len(wrong)} of {len(outcomes)} trials went wrong, the first: {wrong[0]}")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(each.kind for each in outcomes).items()))
    admitted = sum(outcome.after == 200 for outcome in outcomes)
    away = sum(outcome.away for outcome in outcomes)
    say(f"  {name:17} {len(outcomes)} trials ({kinds}): {admitted} admitted, {away} told to try again, {seconds:.1f} s")
