"""One JSON line per request on standard output: what was asked, by whom, with which end. No path, query, token or body.

Lines are gathered for a fraction of a second and written together, because a write per request costs more than the
rest of the gateway's bookkeeping.
"""

import asyncio
import json
import sys
import time
from functools import lru_cache
from typing import TextIO

FLUSH_SECONDS = 0.2
FLUSH_LINES = 200


class AccessLog:
    """Gathers lines and writes them."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(
        self,
        *,
        method: str,
        route: str,
        status: int,
        seconds: float,
        trace_id: str,
        who: str,
        network: str,
        code: str | None,
    ) -> None:
        """Record one request.

        Args:
            route: the path template of its row, or `-`.
            who: the id of the principal, or its kind.
            code: the refusal's code, when the gateway itself refused.
        """
        refused = f',"code":"{code}"' if code else ""
        self._lines.append(
            f'{{"timestamp":"{_now()}","level":"info","event":"request","service":"gateway","method":"{method}",'
            f'"route":{_quoted(route)},"status":{status},"ms":{seconds * 1000:.1f},"trace_id":"{trace_id}",'
            f'"who":"{who}","network":"{network}"{refused}}}\n'
        )
        if len(self._lines) >= FLUSH_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what has been gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            self._out.write("".join(self._lines))
            self._out.flush()
            self._lines.clear()


def _now() -> str:
    """The time in UTC to the millisecond; the part down to the second is written once a second."""
    now = time.time()
    second = int(now)
    return f"{_second(second)}.{int((now - second) * 1000):03d}+00:00"


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


@lru_cache(maxsize=1000)
def _quoted(route: str) -> str:
    return json.dumps(route)
