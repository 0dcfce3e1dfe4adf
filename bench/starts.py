"""(d) Seconds of a cold and of a warm start, and the memory of the whole platform at rest."""

import time

from bench.proc import memory_by_program
from bench.report import heading, median, say
from bench.stack import forget, platform

REST_SECONDS = 3.0


def run(rounds: int = 3) -> None:
    """Measure and print."""
    heading("(d) start and memory", "python -m bench starts")
    cold: list[float] = []
    warm: list[float] = []
    memory: dict[str, int] = {}
    for number in range(1, rounds + 1):
        forget()
        with platform() as running:
            cold.append(running.start_seconds)
        with platform() as running:
            warm.append(running.start_seconds)
            time.sleep(REST_SECONDS)
            memory = memory_by_program(running.pid)
        say(f"    round {number}: cold {cold[-1]:5.1f} s, warm {warm[-1]:5.1f} s")
    say(f"  medians until the gateway calls everything ready: cold {median(cold):.1f} s   warm {median(warm):.1f} s")
    say("  memory at rest after a warm start, shared pages divided among those that share them (PSS):")
    for name, size in sorted(memory.items(), key=lambda item: -item[1]):
        say(f"    {size / 2**20:7.1f} MiB  {name}")
    say(f"    {sum(memory.values()) / 2**20:7.1f} MiB  altogether")
