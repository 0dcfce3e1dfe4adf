"""How figures are printed: medians, the ratio to the other side, and the command that repeats them."""

import statistics
from collections.abc import Callable, Sequence


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def alternate(rounds: int, **sides: Callable[[], float]) -> dict[str, list[float]]:
    """Measure the sides in turn, `rounds` times, so that a noisy minute hits all of them."""
    seen: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, measure in sides.items():
            seen[name].append(measure())
            say(f"    round {number + 1}, {name}: {seen[name][-1]:,.0f}")
    return seen


def heading(title: str, command: str) -> None:
    """Announce a measurement and how to repeat it."""
    say(f"\n{title}\n  repeat with: {command}")


def say(line: str) -> None:
    """Print at once, so that progress is seen."""
    print(line, flush=True)
