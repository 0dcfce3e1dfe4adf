"""How figures are printed: medians, the ratio to the other side, and the command that repeats them."""

import statistics
from collections.abc import Callable, Sequence


class NotMeasured(Exception):
    """A part could not be measured on this machine, for the reason given; the bench then prints no figure for it."""


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def p50_and_p99(values: Sequence[float]) -> str:
    """Of milliseconds, in words."""
    return f"p50 {percentile(values, 0.50):,.1f} ms, p99 {percentile(values, 0.99):,.1f} ms"


def alternate(rounds: int, **sides: Callable[[int], float]) -> dict[str, list[float]]:
    """Measure the sides in turn, `rounds` times, so that a noisy minute hits all of them. Each is told the round's number."""
    seen: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(1, rounds + 1):
        for name, measure in sides.items():
            seen[name].append(measure(number))
    return seen


def heading(title: str, command: str) -> None:
    """Announce a measurement and how to repeat it."""
    say(f"\n{title}\n  repeat with: {command}")


def say(line: str) -> None:
    """Print at once, so that progress is seen."""
    print(line, flush=True)
