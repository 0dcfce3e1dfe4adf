"""`python -m bench [gateway|orders|latency|starts …]`: all of them without a name."""

import signal
import sys
from collections.abc import Callable
from types import FrameType

from bench import gateway, latency, orders, starts
from bench.report import NotMeasured, say
from bench.stack import Platform, platform
from tests.e2e.journey import StepFailed

ON_A_PLATFORM: dict[str, Callable[[Platform], None]] = {
    "gateway": gateway.run,
    "orders": orders.run,
    "latency": latency.run,
}
BY_ITSELF: dict[str, Callable[[], None]] = {"starts": starts.run}


def main() -> int:
    """Run what was asked for; 1 when some of it could not be measured."""
    names = sys.argv[1:] or [*ON_A_PLATFORM, *BY_ITSELF]
    unknown = [name for name in names if name not in ON_A_PLATFORM | BY_ITSELF]
    if unknown:
        sys.stderr.write(f"no measurement {unknown[0]!r}; there are: {', '.join([*ON_A_PLATFORM, *BY_ITSELF])}\n")
        return 2
    signal.signal(signal.SIGTERM, _leave)
    try:
        complete = _all_on_a_platform([name for name in names if name in ON_A_PLATFORM])
        complete &= all([_measured(BY_ITSELF[name]) for name in names if name in BY_ITSELF])
    except KeyboardInterrupt:
        return 130
    return 0 if complete else 1


def _all_on_a_platform(names: list[str]) -> bool:
    """Those share one platform, so that it is started once."""
    if not names:
        return True

    def all_of_them() -> None:
        with platform() as running:
            outcomes.extend(_measured(lambda name=name: ON_A_PLATFORM[name](running)) for name in names)  # type: ignore[misc]  # a default binds it

    outcomes: list[bool] = []
    return _measured(all_of_them) and all(outcomes)


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
