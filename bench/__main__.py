"""`python -m bench [gateway|orders|latency|starts …]`: all of them without a name."""

import sys

from bench import gateway, latency, orders, starts

MEASUREMENTS = {"gateway": gateway.run, "orders": orders.run, "latency": latency.run, "starts": starts.run}


def main() -> int:
    """Run what was asked for."""
    names = sys.argv[1:] or list(MEASUREMENTS)
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        sys.stderr.write(f"no measurement {unknown[0]!r}; there are: {', '.join(MEASUREMENTS)}\n")
        return 2
    for name in names:
        MEASUREMENTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
