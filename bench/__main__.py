"""`python -m bench [gateway|orders|hot-row|burst|latency|growth|pretix|starts|revocation|live …]`: all of them without a name."""

import signal
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

from tests.e2e.journey import StepFailed

from bench import burst, gateway, growth, hot_row, latency, live, orders, pretix, revocation, starts
from bench.report import NotMeasured, say
from bench.stack import Platform, forget, platform

ON_A_PLATFORM: dict[str, Callable[[Platform], None]] = {
    "gateway": gateway.run,
    "orders": orders.run,
    "hot-row": hot_row.run,
    "burst": burst.run,
    "latency": latency.run,
    "growth": growth.run,
}
BY_ITSELF: dict[str, Callable[[], None]] = {
    "pretix": pretix.run,
    "starts": starts.run,
    "revocation": revocation.run,
    "live": live.run,
}


def main() -> int:
    """Run what was asked for; 1 when some of it could not be measured."""
    names = sys.argv[1:] or [*ON_A_PLATFORM, *BY_ITSELF]
    unknown = [name for name in names if name not in ON_A_PLATFORM | BY_ITSELF]
    if unknown:
        sys.stderr.write(f"no measurement {unknown[0]!r}; there are: {', '.join([*ON_A_PLATFORM, *BY_ITSELF])}\n")
        return 2
    signal.signal(signal.SIGTERM, _leave)
    try:
        outcomes = _on_one_platform([ON_A_PLATFORM[name] for name in names if name in ON_A_PLATFORM])
        outcomes += [_measured(BY_ITSELF[name]) for name in names if name in BY_ITSELF]
        forget()
    except NotMeasured as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0 if all(outcomes) else 1


def _on_one_platform(measurements: list[Callable[[Platform], None]]) -> list[bool]:
    """Whether each could be measured, on a platform that is started once for all of them."""
    outcomes: list[bool] = []
    if measurements:
        forget()
        outcomes.append(_measured(lambda: _one_after_the_other(measurements, outcomes)))
    return outcomes


def _one_after_the_other(measurements: list[Callable[[Platform], None]], outcomes: list[bool]) -> None:
    with platform() as running:
        outcomes.extend(_measured(partial(measure, running)) for measure in measurements)


def _measured(measure: Callable[[], None]) -> bool:
    try:
        measure()
    except (NotMeasured, StepFailed) as reason:
        say(f"  NOT MEASURED: {reason}")
        return False
    return True


def _leave(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the bench as Ctrl-C does: what was started is stopped on the way out."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
