"""(d) Seconds of a cold and a warm start, and the memory of the whole platform at rest."""

from bench.report import heading, median, say
from bench.stack import forget, memory, platform


def run(rounds: int = 3) -> None:
    """Measure and print."""
    heading("(d) start and memory", "python -m bench starts")
    cold, warm, seen = [], [], {}
    for _ in range(rounds):
        forget()
        with platform() as (_, seconds):
            cold.append(seconds)
        with platform() as (process, seconds):
            warm.append(seconds)
            seen = memory(process)
    say(f"  cold start (new databases, streams, keys): {median(cold):.1f} s   warm start: {median(warm):.1f} s")
    for name, size in sorted(seen.items(), key=lambda item: -item[1]):
        say(f"  {size / 2**20:7.0f} MiB  {name}")
    say(f"  {sum(seen.values()) / 2**20:7.0f} MiB  altogether (proportional set size)")
